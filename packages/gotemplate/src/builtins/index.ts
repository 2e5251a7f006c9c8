import { goFunction, type FunctionTable } from '../exec/function.js';
import { sprint, sprintf, sprintln } from '../fmt/printf.js';
import { isTrue } from '../values/truth.js';
import { collections } from './collections.js';
import { comparisons } from './compare.js';
import { escapes } from './escape.js';

/** The execution knows these by name: which of their arguments count shows only while it works them out. */
const special = {
  and: goFunction(['value', '...value'], 'any', (first) => first),
  or: goFunction(['value', '...value'], 'any', (first) => first),
  call: goFunction(['value', '...value'], 'any', (first) => first),
};

const others = {
  not: goFunction(['value'], 'bool', (value) => !isTrue(value)),
  print: goFunction(['...any'], 'string', (...values) => sprint(values)),
  printf: goFunction(['string', '...any'], 'string', (format, ...values) => sprintf(format, values)),
  println: goFunction(['...any'], 'string', (...values) => sprintln(values)),
};

/** The functions that every template has. */
export const builtins: FunctionTable = new Map(Object.entries({ ...special, ...comparisons, ...collections, ...escapes, ...others }));
