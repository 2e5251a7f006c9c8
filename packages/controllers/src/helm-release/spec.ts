import { createHash } from 'node:crypto';
import { parseDuration } from '@sluice/core';
import type { HelmRelease } from '@sluice/api';
import type { CommonStatus } from '@sluice/runtime';

type Recorded = NonNullable<HelmRelease['status']>;

/** The status while a pass works on it. */
export type HelmReleaseStatus = CommonStatus & { -readonly [Field in Exclude<keyof Recorded, keyof CommonStatus>]?: Recorded[Field] };

/** What can be done to a release. */
export type ActionName = 'install' | 'upgrade' | 'rollback' | 'uninstall' | 'test' | 'unlock' | 'correct cluster drift';

const DEFAULT_TIMEOUT_MS = 300_000;
const DEFAULT_MAX_HISTORY = 5;
/** Helm's limit on the name of a release. */
const LONGEST_NAME = 53;
const HASH_LENGTH = 12;

export function intervalOf({ spec }: HelmRelease): number {
  return parseDuration(spec.interval);
}

/** The name of the release in Helm's storage. */
export function releaseName({ spec, metadata }: HelmRelease): string {
  const name = metadata.name ?? '';
  return shortened(spec.releaseName ?? (spec.targetNamespace === undefined ? name : `${spec.targetNamespace}-${name}`));
}

/** A name that Helm takes: what is too long is cut, and told apart from others by a hash of the whole. */
function shortened(name: string): string {
  if (name.length <= LONGEST_NAME) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH);
  return `${name.slice(0, LONGEST_NAME - HASH_LENGTH - 1)}-${hash}`;
}

/** The namespace that the objects of the release are in, where they name none. */
export function releaseNamespace({ spec, metadata }: HelmRelease): string {
  return spec.targetNamespace ?? metadata.namespace ?? '';
}

/** The namespace of Helm's records. */
export function storageNamespace({ spec, metadata }: HelmRelease): string {
  return spec.storageNamespace ?? metadata.namespace ?? '';
}

/** The name of the HelmChart that is made for a HelmRelease. */
export function chartObjectName({ metadata }: HelmRelease): string {
  return `${metadata.namespace ?? ''}-${metadata.name ?? ''}`;
}

/** How many revisions Helm keeps; 0 is all of them. */
export function maxHistory({ spec }: HelmRelease): number {
  return spec.maxHistory ?? DEFAULT_MAX_HISTORY;
}

/** How long an action may take for each of its steps. */
export function timeoutOf({ spec }: HelmRelease, action?: ActionName): number {
  const own = action === undefined || action === 'unlock' || action === 'correct cluster drift' ? undefined : spec[action]?.timeout;
  const text = own ?? spec.timeout;
  return text === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(text);
}

/** Labels of all objects of a release that say which HelmRelease they are of. */
export function originLabels({ metadata }: HelmRelease): Record<string, string> {
  return {
    'helm.toolkit.fluxcd.io/name': metadata.name ?? '',
    'helm.toolkit.fluxcd.io/namespace': metadata.namespace ?? '',
  };
}
