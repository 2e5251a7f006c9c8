import type { KustomizationStatus } from './spec.js';
import type { EventInput, StatusDraft } from '@sluice/runtime';

/** What a pass is doing, as it is shown while it lasts. */
export type Step = 'Fetching manifests' | 'Building manifests' | 'Detecting drift' | 'Running health checks';

/** `Building manifests for revision main@sha1:… with a timeout of 5m0s` */
export function stepMessage(step: Step, revision: string, timeout: string): string {
  return `${step} for revision ${revision} with a timeout of ${timeout}`;
}

/** An event of a Kustomization: its reason is that of the Ready condition at the time, its metadata name the revision. */
export function kustomizationEvent(
  status: StatusDraft<KustomizationStatus>,
  { severity, message, revision = '', originRevision = '', metadata = {} }: KustomizationEvent,
): EventInput {
  return {
    severity,
    reason: status.condition('Ready')?.reason ?? severity,
    message,
    metadata: {
      ...metadata,
      ...(revision === '' ? {} : { 'kustomize.toolkit.fluxcd.io/revision': revision }),
      ...(originRevision === '' ? {} : { 'kustomize.toolkit.fluxcd.io/originRevision': originRevision }),
    },
  };
}

export interface KustomizationEvent {
  readonly severity: 'info' | 'error';
  readonly message: string;
  readonly revision?: string | undefined;
  readonly originRevision?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Marks an event whose place is the status of a commit at a Git provider. */
export const COMMIT_STATUS = { 'kustomize.toolkit.fluxcd.io/commit_status': 'update' } as const;
