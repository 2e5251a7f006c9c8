import { contextFunction, goFunction, type GoFunction } from '../exec/function.js';
import { decodeJson } from '../json/decode.js';
import { encodeJson, type JsonStyle } from '../json/encode.js';
import type { GoValue } from '../values/values.js';

/** The functions that answer nothing instead of failing. */
function orElse<A, R>(run: (argument: A) => R, otherwise: R): (argument: A) => R {
  return (argument) => {
    try {
      return run(argument);
    } catch (error) {
      // Running out of stack is no fault of the value's.
      if (error instanceof RangeError) throw error;
      return otherwise;
    }
  };
}

/** JSON in a style, and without `must` nothing for what is none. */
function encoder(style: JsonStyle, otherwise?: string): GoFunction {
  const encode = (value: GoValue): string => encodeJson(value, style);
  const run = otherwise === undefined ? encode : orElse(encode, otherwise);
  return contextFunction(['any'], 'string', (context, value) => {
    context.checkSize(value);
    return run(value);
  });
}

const PRETTY = { indent: '  ' };
const RAW = { escapesHtml: false };

export const json = {
  toJson: encoder({}, ''),
  mustToJson: encoder({}),
  toPrettyJson: encoder(PRETTY, ''),
  mustToPrettyJson: encoder(PRETTY),
  toRawJson: encoder(RAW),
  mustToRawJson: encoder(RAW),
  fromJson: goFunction(['string'], 'any', orElse(decodeJson, null)),
  mustFromJson: goFunction(['string'], 'any', decodeJson),
};
