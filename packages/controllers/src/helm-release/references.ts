import type { HelmRelease } from '@sluice/api';
import type { Reference } from '../reference-watch.js';

/** The ConfigMaps and Secrets that a HelmRelease takes something from. */
export function referencesOf({ spec, metadata }: HelmRelease): Reference[] {
  const namespace = metadata.namespace ?? '';
  const values: Reference[] = (spec.valuesFrom ?? []).map(({ kind, name }) => ({ kind, namespace, name }));
  const { secretRef, configMapRef } = spec.kubeConfig ?? {};
  return [
    ...values,
    ...(secretRef === undefined ? [] : [{ kind: 'Secret', namespace, name: secretRef.name } as const]),
    ...(configMapRef === undefined ? [] : [{ kind: 'ConfigMap', namespace, name: configMapRef.name } as const]),
  ];
}
