import { goFunction } from '../exec/function.js';
import { isTrue } from '../values/truth.js';
import { kindOf } from './elements.js';
import { deepEqualValues } from './deep-equal.js';
import { typeName, type GoValue } from '../values/values.js';

function typeOf(value: GoValue): string {
  return typeName(value ?? null);
}

export const defaults = {
  default: goFunction(['any', '...any'], 'any', (fallback, given) => (isTrue(given) ? given : fallback)),
  empty: goFunction(['any'], 'bool', (value) => !isTrue(value)),
  coalesce: goFunction(['...any'], 'any', (...values) => values.find(isTrue) ?? null),
  all: goFunction(['...any'], 'bool', (...values) => values.every(isTrue)),
  any: goFunction(['...any'], 'bool', (...values) => values.some(isTrue)),
  ternary: goFunction(['any', 'any', 'bool'], 'any', (whenTrue, whenFalse, condition) => (condition ? whenTrue : whenFalse)),
  fail: goFunction(['string'], 'string', (message) => {
    throw new Error(message);
  }),
  hello: goFunction([], 'string', () => 'Hello!'),
  typeOf: goFunction(['any'], 'string', typeOf),
  typeIs: goFunction(['string', 'any'], 'bool', (type, value) => type === typeOf(value)),
  typeIsLike: goFunction(['string', 'any'], 'bool', (type, value) => type === typeOf(value) || `*${type}` === typeOf(value)),
  kindOf: goFunction(['any'], 'string', kindOf),
  kindIs: goFunction(['string', 'any'], 'bool', (kind, value) => kind === kindOf(value)),
  deepEqual: goFunction(['any', 'any'], 'bool', deepEqualValues),
};
