import type { KubeObject } from '@sluice/core';
import type { Reference } from '../reference-watch.js';

interface Named {
  readonly name?: string;
}

/** The places in which sources name Secrets. */
interface SecretNames {
  readonly secretRef?: Named;
  readonly certSecretRef?: Named;
  readonly proxySecretRef?: Named;
  readonly verify?: { readonly secretRef?: Named; readonly trustedRootSecretRef?: Named };
  readonly sts?: { readonly secretRef?: Named; readonly certSecretRef?: Named };
}

/** The Secrets that a source of any kind names. */
export function secretReferences(object: KubeObject): Reference[] {
  const { secretRef, certSecretRef, proxySecretRef, verify, sts } = (object['spec'] ?? {}) as SecretNames;
  const namespace = object.metadata.namespace ?? '';
  return [secretRef, certSecretRef, proxySecretRef, verify?.secretRef, verify?.trustedRootSecretRef, sts?.secretRef, sts?.certSecretRef]
    .flatMap((reference) => reference?.name ?? [])
    .map((name) => ({ kind: 'Secret', namespace, name }));
}
