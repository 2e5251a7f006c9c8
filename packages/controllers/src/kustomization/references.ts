import type { Kustomization } from '@sluice/api';
import type { Reference } from '../reference-watch.js';

/** The ConfigMaps and Secrets that a Kustomization takes something from. */
export function referencesOf({ spec, metadata }: Kustomization): Reference[] {
  const namespace = metadata.namespace ?? '';
  const references: Reference[] = (spec.postBuild?.substituteFrom ?? []).map(({ kind, name }) => ({ kind, namespace, name }));
  for (const name of [spec.kubeConfig?.secretRef?.name, spec.decryption?.secretRef?.name]) {
    if (name !== undefined) references.push({ kind: 'Secret', namespace, name });
  }
  const configMap = spec.kubeConfig?.configMapRef?.name;
  if (configMap !== undefined) references.push({ kind: 'ConfigMap', namespace, name: configMap });
  return references;
}
