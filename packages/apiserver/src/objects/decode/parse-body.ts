import { errorMessage } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import { countKeys, inspectJson, scanJson, tooDeep } from './go-json.js';

/** A body as data, or why it is none. */
export type ParsedBody =
  | { readonly value: unknown; readonly duplicates: readonly string[]; readonly error?: undefined }
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
  return { value, duplicates: keys === countKeys(value) ? [] : inspectJson(text).duplicates };
}

/** Parses a YAML body (the first document), as the real server does: through YAML 1.1. */
export function parseYamlBody(text: string): ParsedBody {
  try {
    return { value: parseYaml(text) ?? null, duplicates: [] };
  } catch (error) {
    return { error: errorMessage(error) };
  }
}
