import type { Json } from '@sluice/core';
import type { YamlNode, YamlNodeDocument } from '../node.js';
import type { YamlReadOptions, YamlTextOptions } from '../options.js';
import { Composer } from './composer.js';
import type { FastDocument } from './fast.js';
import { FastTrees, type ScalarMaker, type YamlTree } from './fast-trees.js';
import { FastValues } from './fast-values.js';
import { checkText } from './text.js';
import { valueOf, valueRules } from './values.js';

/** A document of a stream. */
export interface YamlDocument {
  readonly value: Json;
  /** The line on which it begins, from 1. */
  readonly line: number;
}

/** The first document of a text as a value; null when there is none. What follows it is not looked at. */
export function parseYaml(text: string | Uint8Array, options: YamlReadOptions = {}): Json {
  const { source, limits } = checkText(text, options);
  const rules = valueRules(options, limits);
  const fast = new FastValues(source.text, rules).read(true);
  if (fast !== undefined) return fast[0]?.value ?? null;
  const root = new Composer(source, rules.types, limits).document()?.root;
  return root === undefined ? null : valueOf(root, source, rules);
}

/** All documents of a text, the empty ones too (as null). */
export function parseYamlDocuments(text: string | Uint8Array, options: YamlReadOptions = {}): YamlDocument[] {
  const { source, limits } = checkText(text, options);
  const rules = valueRules(options, limits);
  const fast = new FastValues(source.text, rules).read(false);
  if (fast !== undefined) return withLines(source.text, fast);
  const composer = new Composer(source, rules.types, limits);
  const documents: YamlDocument[] = [];
  for (let document = composer.document(); document !== undefined; document = composer.document()) {
    documents.push({ value: document.root === undefined ? null : valueOf(document.root, source, rules), line: document.line });
  }
  return documents;
}

function withLines(text: string, documents: readonly FastDocument<Json>[]): YamlDocument[] {
  let line = 1;
  let from = 0;
  return documents.map(({ value, start }) => {
    for (let next = text.indexOf('\n', from); next >= 0 && next < start; next = text.indexOf('\n', from)) {
      line++;
      from = next + 1;
    }
    return { value, line };
  });
}

/** The one document of a text as a tree, and the line on which its root stands. */
export interface YamlTreeDocument<S> {
  readonly root: YamlTree<S>;
  readonly line: number;
}

/**
 * The document of a text as maps, arrays and scalars of the caller's, with the types of kyaml: for who needs more of a
 * scalar than its value, but none of what {@link parseYamlNodes} says about styles, places and comments — and not its cost.
 * Undefined when the text has no document, or anything out of the ordinary: then the nodes tell.
 */
export function parseYamlTree<S>(text: string, scalar: ScalarMaker<S>, options: YamlTextOptions = {}): YamlTreeDocument<S> | undefined {
  const { source, limits } = checkText(text, options);
  const documents = new FastTrees(source.text, valueRules({ types: 'kyaml' }, limits), scalar).read(true);
  const [document] = documents ?? [];
  if (document === undefined) return undefined;
  let line = 1;
  for (let at = source.text.indexOf('\n'); at >= 0 && at < document.root; at = source.text.indexOf('\n', at + 1)) line++;
  return { root: document.value, line };
}

/** All documents of a text as nodes with their styles, tags, places and comments, as go-yaml v3 (kyaml) has them. */
export function parseYamlNodes(text: string | Uint8Array, options: YamlTextOptions = {}): YamlNodeDocument[] {
  const { source, limits } = checkText(text, options);
  const composer = new Composer(source, 'kyaml', limits);
  const documents: YamlNodeDocument[] = [];
  for (let document = composer.document(); document !== undefined; document = composer.document()) documents.push(document);
  return documents;
}

/** The value of a node: with the types of `kyaml` by default, as what nodes are read with. */
export function nodeValue(node: YamlNode, options: YamlReadOptions = {}): Json {
  const { source, limits } = checkText('', options);
  return valueOf(node, source, valueRules({ types: 'kyaml', ...options }, limits));
}
