import type { KubeObject } from '@sluice/core';
import { isKindUnknown, isNotFound, KubeError } from '@sluice/kube';
import { referenceOf } from './reference.js';

/** Something that must be there before an object can be, and that is not part of its set. */
export type Need =
  | { readonly type: 'kind'; readonly group: string; readonly version: string; readonly kind: string }
  | { readonly type: 'namespace'; readonly name: string };

/** What a refusal says is missing; undefined when it is about something else. */
export function needOf(object: KubeObject, error: unknown): Need | undefined {
  if (isKindUnknown(error)) {
    const { group, version, kind } = referenceOf(object);
    return { type: 'kind', group, version, kind };
  }
  const { namespace } = object.metadata;
  const isNamespace = error instanceof KubeError && error.status.details?.kind === 'namespaces' && isNotFound(error);
  return isNamespace && namespace !== undefined ? { type: 'namespace', name: namespace } : undefined;
}
