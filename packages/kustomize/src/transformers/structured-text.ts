import type { Node, NodeKind } from '../node/node.js';

/** The text of a document with a value set at a path; undefined when that is not possible. */
export function setInText(_text: string, _path: readonly string[], _value: Node, _create: NodeKind | undefined): string | undefined {
  return undefined;
}
