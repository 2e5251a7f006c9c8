// The first version, to be replaced by the parser and printer of this package.
import { SluiceError, type Json } from '@sluice/core';
import { LineCounter, parseAllDocuments } from 'yaml';
import type { YamlReadOptions } from './options.js';

export interface YamlDocument {
  readonly value: Json;
  /** The line on which the document begins, from 1. */
  readonly line: number;
}

export function parseYamlDocuments(text: string | Uint8Array, options: YamlReadOptions = {}): YamlDocument[] {
  const source = typeof text === 'string' ? text : new TextDecoder('utf-8', { fatal: true }).decode(text);
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(source, {
    version: options.types === 'kyaml' ? '1.2' : '1.1',
    uniqueKeys: options.duplicateKeys === 'error',
    lineCounter,
    merge: true,
  });
  return documents.map((document) => {
    const error = document.errors[0];
    if (error !== undefined) {
      const { line, col } = error.linePos?.[0] ?? { line: 1, col: 1 };
      throw new SluiceError('YamlInvalid', `yaml: line ${line}: ${error.message}`, {
        place: { line, column: col, ...(options.file === undefined ? {} : { file: options.file }) },
      });
    }
    return { value: document.toJS() as Json, line: lineCounter.linePos(document.range[0]).line };
  });
}

export function parseYaml(text: string | Uint8Array, options: YamlReadOptions = {}): Json {
  return parseYamlDocuments(text, options)[0]?.value ?? null;
}
