import type { Json, KubeObject } from '@sluice/core';
import { takeOverFields, type FieldManagerMatch } from './field-managers.js';

/** What earlier tools leave on objects. */
export interface Leftovers {
  readonly annotations: readonly string[];
  readonly labels: readonly string[];
  readonly managers: readonly FieldManagerMatch[];
}

/** The annotations and labels that kubectl and early versions of Flux left behind. */
export const LEFTOVER_ANNOTATIONS = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'kustomize.toolkit.fluxcd.io/checksum',
  'fluxcd.io/sync-checksum',
];
export const LEFTOVER_LABELS = ['fluxcd.io/sync-gc-mark'];

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: Json;
}

/** The JSON patch that clears an object of what other tools left on it; empty when it is clean. */
export function cleanupPatch(
  existing: Pick<KubeObject, 'metadata'>,
  { annotations, labels, managers }: Leftovers,
  own: string,
): JsonPatchOperation[] {
  const patch = [
    ...removals('/metadata/annotations', existing.metadata.annotations, annotations),
    ...removals('/metadata/labels', existing.metadata.labels, labels),
  ];
  const managedFields = takeOverFields(existing.metadata.managedFields ?? [], managers, own);
  if (managedFields !== undefined) patch.push({ op: 'replace', path: '/metadata/managedFields', value: managedFields as unknown as Json });
  return patch;
}

function removals(path: string, map: Readonly<Record<string, string>> = {}, keys: readonly string[]): JsonPatchOperation[] {
  return keys
    .filter((key) => Object.hasOwn(map, key))
    .map((key) => ({ op: 'remove', path: `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}` }));
}
