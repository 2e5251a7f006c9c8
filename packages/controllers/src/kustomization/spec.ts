import { formatDuration, parseDuration } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { CommonStatus } from '@sluice/runtime';

type Recorded = NonNullable<Kustomization['status']>;

/** The status while a pass works on it. */
export type KustomizationStatus = CommonStatus & { -readonly [Field in Exclude<keyof Recorded, keyof CommonStatus>]?: Recorded[Field] };

/** No pass is given less than this, whatever the spec says. */
const LEAST_TIMEOUT_MS = 30_000;

export function intervalOf({ spec }: Kustomization): number {
  return parseDuration(spec.interval);
}

export function retryIntervalOf(kustomization: Kustomization): number {
  const { retryInterval } = kustomization.spec;
  return retryInterval === undefined ? intervalOf(kustomization) : parseDuration(retryInterval);
}

/** By default somewhat less than the interval. */
export function timeoutOf(kustomization: Kustomization): number {
  const { timeout } = kustomization.spec;
  return Math.max(LEAST_TIMEOUT_MS, timeout === undefined ? intervalOf(kustomization) - LEAST_TIMEOUT_MS : parseDuration(timeout));
}

export function timeoutText(kustomization: Kustomization): string {
  return formatDuration(timeoutOf(kustomization));
}

/** Labels that say whose an object is. */
export function ownerLabels({ metadata }: Kustomization): Record<string, string> {
  return {
    'kustomize.toolkit.fluxcd.io/name': metadata.name ?? '',
    'kustomize.toolkit.fluxcd.io/namespace': metadata.namespace ?? '',
  };
}
