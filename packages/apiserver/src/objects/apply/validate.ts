import { isJsonObject } from '@sluice/core';
import { type ListShape, type MapShape, type ScalarKind, shapeOf, type TypeNode } from '../types/type-node.js';
import { fieldType } from './field-set.js';
import { goSyntax, goType, goValue } from './go-format.js';
import { listElement } from './list-element.js';
import { showElement } from './path-element.js';

export interface ValidateOptions {
  /** Elements of the same identity are allowed, as in live objects written before server-side apply. */
  readonly allowDuplicates?: boolean;
}

/** What keeps a value from being of a type, in the words of the API server; undefined when it is. Empty for no fault. */
export function typeFaults(type: TypeNode, value: unknown, options: ValidateOptions = {}): string[] {
  const faults: string[] = [];
  validate(type, value, options.allowDuplicates === true, [], faults);
  return faults;
}

/** Several faults as one message. */
export function joinFaults(faults: readonly string[]): string {
  return faults.length === 1 ? (faults[0] ?? '') : ['errors:', ...faults.map((fault) => `  ${fault}`)].join('\n');
}

function validate(type: TypeNode, value: unknown, duplicates: boolean, path: string[], faults: string[]): void {
  switch (shapeOf(type, value)) {
    case 'map':
      if (value === null) return;
      if (!isJsonObject(value)) report(path, faults, `expected map, got &{${goValue(value)}}`);
      else validateMap(type.map as MapShape, value, duplicates, path, faults);
      return;
    case 'list':
      if (value === null) return;
      if (!Array.isArray(value)) report(path, faults, `expected list, got &{${goValue(value)}}`);
      else validateList(type.list as ListShape, value, duplicates, path, faults);
      return;
    case 'scalar': {
      const fault = scalarFault(type.scalar as ScalarKind, value);
      if (fault !== undefined) report(path, faults, fault);
      return;
    }
    default:
      report(path, faults, 'schema error: invalid atom: inlined');
  }
}

function validateMap(map: MapShape, value: Record<string, unknown>, duplicates: boolean, path: string[], faults: string[]): void {
  for (const key of Object.keys(value)) {
    const type = fieldType(map, key);
    path.push(`.${key}`);
    if (type === undefined) {
      report(path, faults, 'field not declared in schema');
      path.pop();
      return;
    }
    validate(type, value[key], duplicates, path, faults);
    path.pop();
  }
}

function validateList(list: ListShape, items: readonly unknown[], duplicates: boolean, path: string[], faults: string[]): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    let shown = `[${index}]`;
    if (!list.atomic) {
      const element = listElement(list, item);
      if (typeof element !== 'string') {
        report(path, faults, `element ${index}: ${element.error}`);
        return;
      }
      if (seen.has(element) && !duplicates) report(path, faults, `duplicate entries for key ${showElement(element)}`);
      seen.add(element);
      // Only faults show it: spelled out when one is found.
      shown = element;
    }
    const before = faults.length;
    path.push(shown);
    validate(list.element, item, duplicates, path, faults);
    path.pop();
    if (!list.atomic && faults.length > before) {
      const raw = path.join('') + shown;
      const nice = path.join('') + showElement(shown);
      for (let at = before; at < faults.length; at++) faults[at] = (faults[at] as string).replace(raw, () => nice);
    }
  }
}

function scalarFault(kind: ScalarKind, value: unknown): string | undefined {
  if (value === null) return undefined;
  switch (kind) {
    case 'numeric':
      return typeof value === 'number' || typeof value === 'bigint' ? undefined : `expected numeric (int or float), got ${goType(value)}`;
    case 'string':
      return typeof value === 'string' ? undefined : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goValue(value)}}`;
    case 'untyped':
      return typeof value === 'object' ? `expected any scalar, got &{${goValue(value)}}` : undefined;
  }
}

function report(path: readonly string[], faults: string[], message: string): void {
  faults.push(path.length === 0 ? message : `${path.join('')}: ${message}`);
}
