import { SluiceError } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import { countKeys, inspectJson, scanJson, tooDeep } from './go-json.js';

/** A body as data, or why it is none. */
export type ParsedBody =
  | {
      readonly value: unknown;
      /** Keys that occur twice, as the real server warns of them: `duplicate field "spec.replicas"`. */
      readonly duplicates: readonly string[];
      readonly error?: undefined;
    }
  | { readonly error: string };

/** Parses a JSON body and finds the keys that occur twice. */
export function parseJsonBody(text: string): ParsedBody {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { error: inspectJson(text).error ?? 'invalid JSON' };
  }
  const { keys, isTooDeep } = scanJson(text);
  if (isTooDeep) return { error: tooDeep };
  const duplicates = keys === countKeys(value) ? [] : inspectJson(text).duplicates;
  return { value, duplicates: duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`) };
}

/** Parses a YAML body (the first document) as the real server does: YAML 1.1, the last of equal keys counts. */
export function parseYamlBody(text: string): ParsedBody {
  // Most clients send JSON, which is YAML too.
  if (/^\s*\{/.test(text)) {
    const parsed = parseJsonBody(text);
    if (parsed.error === undefined && parsed.duplicates.length === 0) return parsed;
  }
  try {
    return { value: parseYaml(text, { duplicateKeys: 'error', integers: 'float64' }), duplicates: [] };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const duplicates = error.message.match(/line \d+: key .* already set in map/g);
    // The place in the text is for people who have the file.
    if (duplicates === null) return { error: error.message.split('\n')[0] ?? '' };
    return { value: parseYaml(text, { duplicateKeys: 'last', integers: 'float64' }), duplicates };
  }
}
