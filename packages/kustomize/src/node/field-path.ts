import { SluiceError } from '@sluice/core';
import { splitPath } from '../config/field-spec.js';
import { expectKind } from './expect-kind.js';
import { isNull, rawTextOf, type Node } from './node.js';

/**
 * Splits a dotted path of a replacement or a var. What stands in brackets stays together: `[name=a.b]` is one part, and
 * `[a.b]` is the field `a.b`. `\.` is a dot in a name.
 */
export function splitFieldPath(path: string): string[] {
  const parts: string[] = [];
  const pieces = splitPath(path, '.');
  for (let at = 0; at < pieces.length; at++) {
    let part = pieces[at]!;
    if (!part.startsWith('[') || part.endsWith(']')) {
      parts.push(part);
      continue;
    }
    while (at + 1 < pieces.length && !part.endsWith(']')) part += `.${pieces[++at]!}`;
    parts.push(part.includes('=') ? part : part.replace(/^[[\]]+|[[\]]+$/g, ''));
  }
  return parts;
}

/** The parts of a path as a var has it: `ports[0]` is two of them. */
export function splitVarPath(path: string): string[] {
  return splitFieldPath(path).flatMap((part) => {
    const match = /^(.*)\[(\d+)\]$/s.exec(part);
    return match === null ? [part] : [match[1]!, match[2]!].filter((piece) => piece !== '');
  });
}

export function isIndex(part: string): boolean {
  return /^[-+]?\d+$/.test(part);
}

/** Whether a part selects elements of a list by a field: `[name=web]`, `[=value]`. */
export function isElementSelector(part: string): boolean {
  return part.startsWith('[') && part.endsWith(']');
}

export function readElementSelector(part: string): { field: string; value: string } {
  const inner = part.slice(1, -1);
  const equals = inner.indexOf('=');
  if (equals < 0) throw new SluiceError('KustomizationInvalid', 'list path element must contain fieldName=fieldValue for element to match');
  return { field: inner.slice(0, equals), value: inner.slice(equals + 1) };
}

/** The value at a path; undefined when a part of it is not there. Throws when a part is not of the needed kind. */
export function lookup(root: Node, path: readonly string[]): Node | undefined {
  let current: Node | undefined = root;
  for (const rawPart of path) {
    const part = rawPart.trim();
    if (part === '') continue;
    current = lookupPart(current, part);
    if (current === undefined) return undefined;
  }
  return current;
}

function lookupPart(node: Node, part: string): Node | undefined {
  if (part === '*') throw new SluiceError('KustomizationInvalid', 'wildcard is not supported in PathGetter');
  if (isIndex(part) || part === '-') {
    const index = part === '-' ? -1 : Number(part);
    if (index < 0 && part !== '-') throw new SluiceError('KustomizationInvalid', `array index ${index} cannot be negative`);
    if (isNull(node)) return undefined;
    expectKind(node, 'sequence');
    return (node as Node[]).at(index);
  }
  if (isNull(node)) return undefined;
  if (isElementSelector(part)) {
    const { field, value } = readElementSelector(part);
    expectKind(node, 'sequence');
    return (node as Node[]).find((element) =>
      field === '' ? rawTextOf(element) === value : element instanceof Map && element.has(field) && rawTextOf(element.get(field)) === value,
    );
  }
  expectKind(node, 'mapping');
  return (node as Map<string, Node>).get(part);
}
