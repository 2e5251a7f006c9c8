import type { CallContext } from '../exec/context.js';
import { contextFunction, goFunction, type FunctionTable } from '../exec/function.js';
import { sprint, sprintf, sprintln } from '../fmt/printf.js';
import { isTrue } from '../values/truth.js';
import type { GoValue } from '../values/values.js';
import { collections } from './collections.js';
import { comparisons } from './compare.js';
import { escapes } from './escape.js';

/** The execution knows these by name: which of their arguments count shows only while it works them out. */
const special = {
  and: goFunction(['value', '...value'], 'any', (first) => first),
  or: goFunction(['value', '...value'], 'any', (first) => first),
  call: goFunction(['value', '...value'], 'any', (first) => first),
};

function checked(context: CallContext, values: readonly GoValue[]): readonly GoValue[] {
  for (const value of values) context.checkSize(value);
  return values;
}

const others = {
  not: goFunction(['value'], 'bool', (value) => !isTrue(value)),
  print: contextFunction(['...any'], 'string', (context, ...values) => sprint(checked(context, values))),
  printf: contextFunction(['string', '...any'], 'string', (context, format, ...values) => sprintf(format, checked(context, values))),
  println: contextFunction(['...any'], 'string', (context, ...values) => sprintln(checked(context, values))),
};

/** The functions that every template has. */
export const builtins: FunctionTable = new Map(Object.entries({ ...special, ...comparisons, ...collections, ...escapes, ...others }));
