import type { FlagSpec } from '../command-line/index.js';

/** Flags as rows of a table: name, usage, and what is not ordinary about them. */
type More = Omit<Partial<FlagSpec>, 'name' | 'type' | 'usage'>;

const ofType =
  (type: FlagSpec['type']) =>
  (name: string, usage: string, more: More = {}): FlagSpec => ({ name, type, usage, ...more });

export const text = ofType('string');
export const bool = ofType('bool');
export const list = ofType('strings');
export const int = ofType('int');
export const duration = ofType('duration');
export const texts = ofType('stringArray');
export const pairs = ofType('stringToString');

/** A text out of a few; `refuse` says what is wrong with another. */
export function choice(
  name: string,
  usage: string,
  values: readonly string[],
  refuse: { readonly other: (text: string) => string; readonly empty: string },
  more: More = {},
): FlagSpec {
  return text(name, usage, {
    typeName: values.join('|'),
    ...more,
    accept: (given) => {
      if (given.trim() === '') throw new Error(refuse.empty);
      if (!values.includes(given)) throw new Error(refuse.other(given));
      return given;
    },
  });
}
