import type { Json } from '@sluice/core';
import type { YamlNode, YamlNodeDocument } from '../node.js';
import type { YamlReadOptions, YamlTextOptions } from '../options.js';
import { Composer } from './composer.js';
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
  const root = new Composer(source, rules.types, limits).document()?.root;
  return root === undefined ? null : valueOf(root, source, rules);
}

/** All documents of a text, the empty ones too (as null). */
export function parseYamlDocuments(text: string | Uint8Array, options: YamlReadOptions = {}): YamlDocument[] {
  const { source, limits } = checkText(text, options);
  const rules = valueRules(options, limits);
  const composer = new Composer(source, rules.types, limits);
  const documents: YamlDocument[] = [];
  for (let document = composer.document(); document !== undefined; document = composer.document()) {
    documents.push({ value: document.root === undefined ? null : valueOf(document.root, source, rules), line: document.line });
  }
  return documents;
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
