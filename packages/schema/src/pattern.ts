import { RE2JS } from 're2js';
import type { Pattern } from './node.js';

/** Compiles on first use: most patterns of a large definition never see a value. */
export function compilePattern(source: string): Pattern {
  let compiled: RE2JS | undefined;
  return {
    source,
    test(text) {
      compiled ??= RE2JS.compile(source);
      return compiled.matcher(text).find();
    },
  };
}

/** Why a pattern does not compile, as Go says it; undefined when it does. */
export function patternFault(source: string): string | undefined {
  try {
    RE2JS.compile(source);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^error parsing regexp: /, '');
  }
}
