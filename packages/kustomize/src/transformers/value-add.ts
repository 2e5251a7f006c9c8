import { SluiceError } from '@sluice/core';
import { splitPath } from '../config/field-spec.js';
import type { Selector } from '../kustomization/kustomization.js';
import { expectKind } from '../node/expect-kind.js';
import { isNull, rawTextOf, replaceScalar, setField, untaggedScalar, ensureMapping, Scalar } from '../node/node.js';
import type { Resource } from '../resource/resource.js';
import { selectResources } from '../resource/selector.js';
import { namespaceSetter } from './namespace.js';
import type { Transformer } from './transformer.js';

export interface ValueTarget {
  readonly selector?: Selector;
  readonly fieldPath?: string;
  readonly filePathPosition?: number;
}

/** Writes a value into fields, or inserts it into the file paths that they hold. */
export function valueAddTransformer(value: string, targets: readonly ValueTarget[]): Transformer {
  if (targets.length === 0) throw invalid('must specify at least one target');
  for (const { fieldPath = '', filePathPosition = 0 } of targets) {
    if (fieldPath === '') throw invalid('fieldPath cannot be empty');
    if (filePathPosition < 0) throw invalid(`value of FilePathPosition (${filePathPosition}) cannot be negative`);
  }
  return {
    transform(list) {
      for (const { selector, fieldPath = '', filePathPosition = 0 } of targets) {
        const setNamespace = namespaceSetter({ namespace: value, specs: [] }, list.schema);
        for (const resource of selector === undefined ? list.items : selectResources(list.items, selector, list.schema)) {
          if (fieldPath === 'metadata/namespace') setNamespace(resource);
          else setValue(resource, splitPath(fieldPath), value, filePathPosition);
        }
      }
      list.changed();
    },
  };
}

function setValue(resource: Resource, path: readonly string[], value: string, position: number): void {
  const parent = ensureMapping(resource.root, ...path.slice(0, -1));
  const name = path.at(-1) ?? '';
  const old = parent.get(name) ?? new Scalar('', '', false);
  if (!isNull(old)) expectKind(old, 'scalar');
  const text = position > 0 ? insertPathPart(rawTextOf(old), position - 1, value) : value;
  if (parent.has(name)) parent.set(name, replaceScalar(old, untaggedScalar(text)));
  else setField(parent, name, untaggedScalar(text));
}

/** Inserts a part into a file path; an absolute path stays absolute. */
function insertPathPart(path: string, position: number, part: string): string {
  if (part === '') return path;
  if (path === '') return part;
  const isAbsolute = path.startsWith('/');
  const parts = path.split('/').filter((piece) => piece !== '');
  parts.splice(Math.min(position, parts.length), 0, part);
  return (isAbsolute ? '/' : '') + parts.join('/');
}

function invalid(message: string): SluiceError {
  return new SluiceError('KustomizationInvalid', message);
}
