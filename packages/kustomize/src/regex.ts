import { SluiceError } from '@sluice/core';
import { RE2JS } from 're2js';

/** Decides about a text. */
export type TextMatcher = (text: string) => boolean;

const plainPattern = /^[\w/-]*$/;

/** Compiles a regular expression of a user, in RE2's syntax and linear time, to match somewhere in a text. */
export function compileRegex(pattern: string): TextMatcher {
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch (cause) {
    throw new SluiceError(
      'RegexInvalid',
      `error parsing regexp: ${cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, '') : String(cause)}`,
      { cause },
    );
  }
}

/** The same for the whole text. The empty pattern matches any. */
export function compileAnchored(pattern: string): TextMatcher {
  if (pattern === '') return () => true;
  if (plainPattern.test(pattern)) return (text) => text === pattern;
  return compileRegex(`^(?:${pattern})$`);
}

const literalOrDots = /^[\w./-]+$/;
const IMAGE_VERSION = '(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?';
const imageVersion = new RegExp(`^${IMAGE_VERSION}$`);

/**
 * Matches image references by name: the name is a regular expression, followed by an optional tag and digest. Names are
 * nearly always plain (their dots match any character), which needs no engine.
 */
export function compileImageName(name: string): TextMatcher {
  if (!literalOrDots.test(name)) {
    try {
      return compileRegex(`^${name}${IMAGE_VERSION}$`);
    } catch (error) {
      throw new SluiceError('RegexInvalid', `image name ${JSON.stringify(name)}: ${(error as Error).message}`, { cause: error });
    }
  }
  return (text) => startsWithPattern(text, name) && imageVersion.test(text.slice(name.length));
}

function startsWithPattern(text: string, name: string): boolean {
  if (text.length < name.length) return false;
  // From the end: names of one registry differ there.
  for (let index = name.length - 1; index >= 0; index--) {
    const expected = name.charCodeAt(index);
    const actual = text.charCodeAt(index);
    if (expected !== actual && (expected !== 46 /* . */ || actual === 10)) return false;
  }
  return true;
}
