import { SluiceError, type Json } from '@sluice/core';
import { nodeValue, parseYamlNodes, printYamlNodes, type YamlNode, type YamlScalar } from '@sluice/yaml';
import { goJson, goJsonIndented } from '../go-json.js';
import { toJson } from '../node/json.js';
import { Scalar, type Node, type NodeKind } from '../node/node.js';
import { matchPath, type Match, type TreeAccess } from '../node/path-match.js';

/** Documents inside of strings, with their styles and comments: those stay as they are around the change. */
export const documentAccess: TreeAccess<YamlNode> = {
  kind: (node) => (node.kind === 'alias' ? documentAccess.kind(node.target) : node.tag === '!!null' ? 'null' : node.kind),
  field: (node, name) =>
    node.kind === 'mapping' ? node.entries.find(({ key }) => key.kind === 'scalar' && key.value === name)?.value : undefined,
  setField(node, name, value) {
    if (node.kind !== 'mapping') return;
    const entry = node.entries.find(({ key }) => key.kind === 'scalar' && key.value === name);
    if (entry === undefined) node.entries.push({ key: newScalar(name), value });
    else entry.value = value;
  },
  elements: (node) => (node.kind === 'sequence' ? node.items : []),
  text: (node) => (node.kind === 'scalar' ? node.value : ''),
  create: (kind, text = '') => newNode(kind, text),
  inside: () => undefined,
  wrongKind: (node, expected) => new SluiceError('ManifestInvalid', `wrong node kind: expected a ${expected} but got a ${node.kind}`),
};

/** The document that a text is, if it is one. */
export function parseText(text: string): YamlNode | undefined {
  try {
    return parseYamlNodes(text)[0]?.root;
  } catch {
    return undefined;
  }
}

/** The text of a document with a value set at a path; undefined when that is not possible. */
export function setInText(text: string, path: readonly string[], value: Node, create: NodeKind | undefined): string | undefined {
  let root = parseText(text);
  if (root === undefined) return undefined;
  try {
    const start: Match<YamlNode> = { node: root, replace: (node) => (root = node) };
    const matches = matchPath(documentAccess, start, path, create);
    if (matches.length === 0) return undefined;
    for (const match of matches) {
      if (match.node.kind === 'scalar') match.node.value = value instanceof Scalar ? value.text : '';
      else match.replace(toDocument(value));
    }
    return printText(root, text);
  } catch {
    // What can't be changed inside is changed, or refused, as a whole.
    return undefined;
  }
}

/** JSON stays JSON, and indented if it was. */
function printText(root: YamlNode, original: string): string {
  const first = original.trim()[0];
  if (first !== '{' && first !== '[') return printYamlNodes(root).trim();
  const value = nodeValue(root);
  return original.includes('\n') && original.includes('  ') ? goJsonIndented(value) : goJson(value);
}

function toDocument(value: Node): YamlNode {
  const json: Json = toJson(value);
  return parseYamlNodes(goJson(json))[0]?.root ?? newNode('scalar', '');
}

function newNode(kind: NodeKind, text: string): YamlNode {
  const place = { line: 0, column: 0 };
  switch (kind) {
    case 'scalar':
      return newScalar(text);
    case 'mapping':
      return { kind, tag: '!!map', style: 'block', entries: [], ...place };
    case 'sequence':
      return { kind, tag: '!!seq', style: 'block', items: [], ...place };
  }
}

function newScalar(value: string): YamlScalar {
  return { kind: 'scalar', tag: '', style: 'plain', value, line: 0, column: 0 };
}
