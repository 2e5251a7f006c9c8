import type { KubeObject } from '@sluice/core';
import { definitionSpec, type DefinitionNames } from '../registry/definition.js';
import { statusOf } from './status.js';

export interface Acceptance {
  readonly acceptedNames: DefinitionNames;
  /** Why not all of them are; undefined when they are. */
  readonly conflict: { readonly reason: string; readonly message: string } | undefined;
}

/** Which names a definition may have: those that no other definition of its group has. What is refused stays as it was. */
export function acceptNames(definition: KubeObject, all: readonly KubeObject[]): Acceptance {
  const { group, names } = definitionSpec(definition);
  const before = statusOf(definition).acceptedNames ?? { plural: '', kind: '' };
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const other of all) {
    if (other.metadata.uid === definition.metadata.uid || definitionSpec(other).group !== group) continue;
    const taken = statusOf(other).acceptedNames;
    if (taken === undefined || taken.plural === '') continue;
    for (const name of [taken.plural, taken.singular, ...(taken.shortNames ?? [])]) if (name !== undefined) resources.add(name);
    for (const kind of [taken.kind, taken.listKind]) if (kind !== undefined) kinds.add(kind);
  }
  let conflict: Acceptance['conflict'];
  const check = <T>(reason: string, wanted: T, old: T, taken: string | undefined): T => {
    if (taken === undefined) return wanted;
    conflict = { reason, message: `${JSON.stringify(taken)} is already in use` };
    return old;
  };
  const acceptedNames = {
    plural: check('PluralConflict', names.plural, before.plural, among(resources, names.plural)),
    singular: check('SingularConflict', names.singular, before.singular, among(resources, names.singular)),
    shortNames: check('ShortNamesConflict', names.shortNames, before.shortNames, among(resources, ...(names.shortNames ?? []))),
    kind: check('KindConflict', names.kind, before.kind, among(kinds, names.kind)),
    listKind: check('ListKindConflict', names.listKind, before.listKind, among(kinds, names.listKind)),
    categories: names.categories,
  };
  return {
    acceptedNames: Object.fromEntries(
      Object.entries(acceptedNames).filter(([, value]) => value !== undefined),
    ) as unknown as DefinitionNames,
    conflict,
  };
}

function among(names: ReadonlySet<string>, ...wanted: (string | undefined)[]): string | undefined {
  return wanted.find((name) => name !== undefined && names.has(name));
}
