import { SluiceError } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import { toJson } from './json.js';
import { kindOf, type Node, type NodeKind } from './node.js';

const goKinds = { mapping: 'MappingNode', sequence: 'SequenceNode', scalar: 'ScalarNode' } as const;

/** A value is a mapping, a list or a scalar where another of them is needed. */
export class WrongKind extends SluiceError {
  readonly actual: NodeKind;

  constructor(expected: NodeKind, node: Node) {
    const actual = kindOf(node);
    super(
      'ManifestInvalid',
      `wrong node kind: expected ${goKinds[expected]} but got ${goKinds[actual]}: node contents:\n${printYaml(toJson(node))}`,
    );
    this.actual = actual;
  }
}

/** Throws unless a node is of a kind. */
export function expectKind(node: Node, kind: NodeKind): void {
  if (kindOf(node) !== kind) throw new WrongKind(kind, node);
}
