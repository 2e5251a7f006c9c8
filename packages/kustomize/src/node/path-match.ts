import { SluiceError } from '@sluice/core';
import { compileRegex } from '../regex.js';
import { isElementSelector, isIndex, readElementSelector } from './field-path.js';
import type { NodeKind } from './node.js';

/** What a path is followed through: the trees of a build, and documents inside of strings. */
export interface TreeAccess<N> {
  kind(node: N): NodeKind | 'null';
  field(node: N, name: string): N | undefined;
  setField(node: N, name: string, value: N): void;
  /** The list behind a sequence, to be read and changed. */
  elements(node: N): N[];
  text(node: N): string;
  create(kind: NodeKind, text?: string): N;
  /** The document inside of a scalar. */
  inside(node: N): Match<N> | undefined;
  wrongKind(node: N, expected: NodeKind): Error;
}

/** A place that a path leads to. */
export interface Match<N> {
  readonly node: N;
  /** Puts another node in the place. */
  replace(node: N): void;
}

/**
 * The places that a path leads to: fields, indexes, `[field=regex]` for elements, `*` for all of them. With `create`,
 * what is missing is created, the last part as a node of that kind.
 */
export function matchPath<N>(access: TreeAccess<N>, start: Match<N>, path: readonly string[], create: NodeKind | undefined): Match<N>[] {
  const [part, ...rest] = path;
  if (part === undefined) return [start];
  const { node } = start;
  const demand = (kind: NodeKind): void => {
    const actual = access.kind(node);
    if (actual !== kind && actual !== 'null') throw access.wrongKind(node, kind);
  };
  const next = (match: Match<N>): Match<N>[] => matchPath(access, match, rest, create);
  const elementAt = (index: number): Match<N> => {
    const list = access.elements(node);
    return { node: list[index]!, replace: (value) => (list[index] = value) };
  };
  if (isIndex(part) && !part.startsWith('-')) {
    demand('sequence');
    const list = access.kind(node) === 'null' ? [] : access.elements(node);
    const index = Number(part);
    if (index === list.length && create !== undefined) list.push(access.create(kindOfPart(rest[0], create)));
    if (index >= list.length)
      throw new SluiceError('KustomizationInvalid', `index ${index} specified but only ${list.length} elements found`);
    return next(elementAt(index));
  }
  if (isElementSelector(part)) {
    demand('sequence');
    return matchElements(access, node, part, create).flatMap((index) => next(elementAt(index)));
  }
  if (part === '*') {
    demand('sequence');
    return access.kind(node) === 'null' ? [] : access.elements(node).flatMap((_, index) => next(elementAt(index)));
  }
  demand('mapping');
  let field = access.kind(node) === 'null' ? undefined : access.field(node, part);
  if (field === undefined) {
    if (create === undefined || access.kind(node) === 'null') return [];
    field = access.create(kindOfPart(rest[0], create));
    access.setField(node, part, field);
  }
  if (rest.length > 0 && access.kind(field) === 'scalar') {
    const inside = access.inside(field);
    return inside === undefined ? [] : next(inside);
  }
  return next({ node: field, replace: (value) => access.setField(node, part, value) });
}

function kindOfPart(next: string | undefined, last: NodeKind): NodeKind {
  if (next === undefined) return last;
  return isElementSelector(next) || isIndex(next) ? 'sequence' : 'mapping';
}

/** The indexes of the elements whose field matches; one is created where none does. */
function matchElements<N>(access: TreeAccess<N>, node: N, part: string, create: NodeKind | undefined): number[] {
  const { field, value } = readElementSelector(part);
  const matches = compileRegex(value);
  const list = access.kind(node) === 'null' ? [] : access.elements(node);
  const found: number[] = [];
  for (const [index, element] of list.entries()) {
    const compared = field === '' ? element : access.kind(element) === 'mapping' ? access.field(element, field) : undefined;
    if (compared !== undefined && matches(access.text(compared).trim())) found.push(index);
  }
  if (found.length > 0 || create === undefined || access.kind(node) === 'null') return found;
  const created = field === '' ? access.create('scalar', value) : access.create('mapping');
  if (field !== '') access.setField(created, field, access.create('scalar', value));
  list.push(created);
  return [list.length - 1];
}
