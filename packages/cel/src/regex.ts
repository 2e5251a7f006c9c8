import { RE2JS } from 're2js';
import { CelError } from './error.js';

// Patterns are mostly constants: each is compiled once. Few, because an expression may also build them.
const MAX_PATTERNS = 256;
const patterns = new Map<string, RE2JS>();

export function compileRegex(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    throw new CelError((error as Error).message);
  }
  if (patterns.size >= MAX_PATTERNS) patterns.clear();
  patterns.set(pattern, compiled);
  return compiled;
}

/** Whether a pattern occurs in a text, in linear time. */
export function matches(text: string, pattern: string): boolean {
  return compileRegex(pattern).matcher(text).find();
}
