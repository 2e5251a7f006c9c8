import { SluiceError } from '@sluice/core';
import { compareGvks, isSelectedBy, type Gvk } from '../resource/gvk.js';

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

/** One list of field specs after another. What is there already is not added again. */
export function mergeFieldSpecs(specs: readonly FieldSpec[], incoming: readonly FieldSpec[]): readonly FieldSpec[] {
  if (incoming.length === 0 || specs === incoming) return specs;
  if (specs.length === 0 && areDistinct(incoming)) return incoming;
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
  return merged;
}

function areDistinct(specs: readonly FieldSpec[]): boolean {
  return new Set(specs.map(({ path }) => path)).size === specs.length;
}

function add(byPath: Map<string, FieldSpec[]>, spec: FieldSpec): void {
  const there = byPath.get(spec.path);
  if (there === undefined) byPath.set(spec.path, [spec]);
  else there.push(spec);
}

export function mergeNameReferences(references: readonly NameReference[], incoming: readonly NameReference[]): readonly NameReference[] {
  if (incoming.length === 0 || references === incoming) return references;
  if (references.length === 0) return incoming;
  const key = ({ group, version, kind }: Gvk): string => `${group}\n${version}\n${kind}`;
  const merged = new Map(references.map((reference) => [key(reference), reference]));
  for (const reference of incoming) {
    const there = merged.get(key(reference));
    const referrers = there === undefined ? reference.referrers : mergeFieldSpecs(there.referrers, reference.referrers);
    merged.set(key(reference), { ...reference, referrers });
  }
  return [...merged.values()];
}

export function sortByGvk<T extends Gvk>(specs: readonly T[]): readonly T[] {
  return specs.length < 2 ? specs : [...specs].sort(compareGvks);
}
