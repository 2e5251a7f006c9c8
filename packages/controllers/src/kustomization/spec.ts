import { formatDuration, parseDuration, type KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { objectKey, type CommonStatus } from '@sluice/runtime';

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

const OWNER_NAME = 'kustomize.toolkit.fluxcd.io/name';
const OWNER_NAMESPACE = 'kustomize.toolkit.fluxcd.io/namespace';

/** Labels that say whose an object is. */
export function ownerLabels({ metadata }: Kustomization): Record<string, string> {
  return { [OWNER_NAME]: metadata.name ?? '', [OWNER_NAMESPACE]: metadata.namespace ?? '' };
}

/** The key of the Kustomization that an object's labels name. */
export function ownerOf(object: Pick<KubeObject, 'metadata'> | undefined): string | undefined {
  const { [OWNER_NAME]: name, [OWNER_NAMESPACE]: namespace } = object?.metadata.labels ?? {};
  return name === undefined || namespace === undefined ? undefined : objectKey(namespace, name);
}
