import { goFunction } from '../exec/function.js';
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

const encoder = (style: JsonStyle) => (value: GoValue) => encodeJson(value, style);
const PLAIN = encoder({});
const PRETTY = encoder({ indent: '  ' });
const RAW = encoder({ escapesHtml: false });

export const json = {
  toJson: goFunction(['any'], 'string', orElse(PLAIN, '')),
  mustToJson: goFunction(['any'], 'string', PLAIN),
  toPrettyJson: goFunction(['any'], 'string', orElse(PRETTY, '')),
  mustToPrettyJson: goFunction(['any'], 'string', PRETTY),
  toRawJson: goFunction(['any'], 'string', RAW),
  mustToRawJson: goFunction(['any'], 'string', RAW),
  fromJson: goFunction(['string'], 'any', orElse(decodeJson, null)),
  mustFromJson: goFunction(['string'], 'any', decodeJson),
};
