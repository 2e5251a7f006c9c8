import type { Json } from '@sluice/core';
import type { YamlNode, YamlNodeDocument } from '../node.js';
import type { YamlReadOptions, YamlTextOptions } from '../options.js';
import { Composer } from './composer.js';
import { readFast, type FastDocument } from './fast.js';
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
  const fast = readFast(source.text, rules, true);
  if (fast !== undefined) return fast[0]?.value ?? null;
  const root = new Composer(source, rules.types, limits).document()?.root;
  return root === undefined ? null : valueOf(root, source, rules);
}

/** All documents of a text, the empty ones too (as null). */
export function parseYamlDocuments(text: string | Uint8Array, options: YamlReadOptions = {}): YamlDocument[] {
  const { source, limits } = checkText(text, options);
  const rules = valueRules(options, limits);
  const fast = readFast(source.text, rules, false);
  if (fast !== undefined) return withLines(source.text, fast);
  const composer = new Composer(source, rules.types, limits);
  const documents: YamlDocument[] = [];
  for (let document = composer.document(); document !== undefined; document = composer.document()) {
    documents.push({ value: document.root === undefined ? null : valueOf(document.root, source, rules), line: document.line });
  }
  return documents;
}

function withLines(text: string, documents: readonly FastDocument[]): YamlDocument[] {
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
