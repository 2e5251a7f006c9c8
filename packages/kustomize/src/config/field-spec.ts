import { SluiceError } from '@sluice/core';
import { compareGvks, gvkKey, isSelectedBy, type Gvk } from '../resource/gvk.js';

/** Fields of some kinds of objects that a transformer touches. */
export interface FieldSpec extends Gvk {
  /** Field names between slashes (`\/` for one in a name); `[]` behind a name says that it is a list. */
  readonly path: string;
  /** Whether what is missing on the path is created. */
  readonly create: boolean;
}

/** The fields that hold names of objects of a kind. */
export interface NameReference extends Gvk {
  readonly referrers: readonly FieldSpec[];
}

/** Splits a path at `separator`; `\` before one makes it part of a name. A leading one does not count. */
export function splitPath(path: string, separator = '/'): string[] {
  const pieces = path.split(separator);
  if (pieces.length > 1 && pieces[0] === '') pieces.shift();
  const names: string[] = [];
  for (const [index, piece] of pieces.entries()) {
    const last = names.at(-1);
    if (index > 0 && last?.endsWith('\\') === true) names[names.length - 1] = `${last.slice(0, -1)}${separator}${piece}`;
    else names.push(piece);
  }
  return names;
}

/** Lists that merging into an empty one leaves as they are. */
const settled = new WeakSet<readonly FieldSpec[]>();

/**
 * One list of field specs after another. What an earlier one says is not said again — and an earlier one about a single
 * kind also keeps out a later one about every kind, which is how a configuration overrides a default.
 */
export function mergeFieldSpecs(specs: readonly FieldSpec[], incoming: readonly FieldSpec[]): readonly FieldSpec[] {
  if (incoming.length === 0 || specs === incoming) return specs;
  if (specs.length === 0 && settled.has(incoming)) return incoming;
  const byPath = new Map<string, FieldSpec[]>();
  for (const spec of specs) add(byPath, spec);
  const merged = [...specs];
  for (const spec of incoming) {
    const same = byPath.get(spec.path)?.find((there) => isSelectedBy(there, spec));
    if (same === undefined) {
      merged.push(spec);
      add(byPath, spec);
    } else if (same.create !== spec.create) {
      throw new SluiceError('KustomizationInvalid', `conflicting fieldspecs: ${spec.path} both with and without create`);
    }
  }
  if (specs.length > 0 || merged.length < incoming.length) return merged;
  settled.add(incoming);
  return incoming;
}

function add(byPath: Map<string, FieldSpec[]>, spec: FieldSpec): void {
  const there = byPath.get(spec.path);
  if (there === undefined) byPath.set(spec.path, [spec]);
  else there.push(spec);
}

const settledReferences = new WeakSet<readonly NameReference[]>();

export function mergeNameReferences(references: readonly NameReference[], incoming: readonly NameReference[]): readonly NameReference[] {
  if (incoming.length === 0 || references === incoming) return references;
  if (references.length === 0 && settledReferences.has(incoming)) return incoming;
  const merged = new Map(references.map((reference) => [gvkKey(reference), reference]));
  for (const reference of incoming) {
    const there = merged.get(gvkKey(reference));
    const referrers = there === undefined ? reference.referrers : mergeFieldSpecs(there.referrers, reference.referrers);
    merged.set(gvkKey(reference), { ...reference, referrers });
  }
  if (references.length > 0) return [...merged.values()];
  settledReferences.add(incoming);
  return incoming;
}

export function sortByGvk<T extends Gvk>(specs: readonly T[]): readonly T[] {
  return specs.length < 2 ? specs : [...specs].sort(compareGvks);
}
