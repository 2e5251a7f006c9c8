import type { KubeObject } from '@sluice/core';
import type { ObjectType } from '../types/object-type.js';
import { compare } from './compare.js';
import { sortedKeys } from './go-format.js';
import type { FieldSet } from './field-set.js';
import { toFieldSet } from './to-field-set.js';
import { typeFaults } from './validate.js';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * What kubectl applied client-side and nobody changed since: its own fields, which it may take over when it comes back
 * with server-side apply. Undefined when there is no such record.
 */
export function allowedByLastApplied(live: KubeObject, type: ObjectType): FieldSet | undefined {
  const text = live.metadata.annotations?.[annotation];
  if (text === undefined || text === '') return undefined;
  let last: KubeObject;
  try {
    last = JSON.parse(text) as KubeObject;
  } catch {
    return undefined;
  }
  if (last.apiVersion !== type.apiVersion || typeFaults(type.root, last).length > 0 || typeFaults(type.root, live).length > 0)
    return undefined;
  const { added, modified, removed } = compare(type.root, last, live);
  return toFieldSet(type.root, last).difference(modified).difference(added).difference(removed);
}

/** kubectl keeps the record of what it applied: for a later client-side apply, and for older kubectls. */
export function withLastApplied(object: KubeObject, { applied, manager }: { applied: KubeObject; manager: string }): KubeObject {
  const annotations = object.metadata.annotations;
  if (manager !== 'kubectl' || (annotations?.[annotation] ?? '') === '') return object;
  const { [annotation]: _, ...others } = applied.metadata.annotations ?? {};
  const record = {
    ...applied,
    metadata: { ...applied.metadata, ...(applied.metadata.annotations === undefined ? {} : { annotations: others }) },
  };
  const text = `${JSON.stringify(sortedKeys(record))}\n`;
  // A record that would not fit is dropped by the real server too.
  const limit = 256 * 1024;
  if (text === annotations?.[annotation]) return object;
  const { [annotation]: __, ...rest } = annotations ?? {};
  const next = text.length > limit ? rest : { ...rest, [annotation]: text };
  return { ...object, metadata: { ...object.metadata, annotations: next } };
}
