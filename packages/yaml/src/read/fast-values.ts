import { setOwn, type Json } from '@sluice/core';
import { beginsString, booleanOf, floatOf, integerOf, plainTag, timestampOf } from '../resolve.js';
import { FastReader } from './fast.js';
import { declined } from './fast-scalars.js';

type MutableObject = Record<string, Json>;

/** Reads ordinary texts to plain values. */
export class FastValues extends FastReader<Json, MutableObject> {
  protected emptyMapping(): MutableObject {
    return {};
  }

  protected put(mapping: MutableObject, key: string, value: Json): boolean {
    if (this.rules.duplicateKeys === 'error' && Object.hasOwn(mapping, key)) return false;
    if (key === '__proto__') setOwn(mapping, key, value);
    else mapping[key] = value;
    return true;
  }

  protected sequenceNode(items: Json[]): Json {
    return items;
  }

  protected textNode(text: string): Json {
    return text;
  }

  protected plainNode(text: string): Json {
    const code = text.charCodeAt(0);
    if (beginsString(code)) return text;
    if (code > 48 && code <= 57 && text.length < 16) {
      let number = 0;
      let index = 0;
      for (; index < text.length; index++) {
        const digit = text.charCodeAt(index) - 48;
        if (digit < 0 || digit > 9) break;
        number = number * 10 + digit;
      }
      if (index === text.length) return number;
    }
    const { types } = this.rules;
    switch (plainTag(text, types)) {
      case '!!str':
        return text;
      case '!!null':
        return null;
      case '!!bool':
        return booleanOf(text);
      case '!!timestamp':
        return this.kyaml ? timestampOf(text) : text;
      case '!!int': {
        const integer = integerOf(text, types);
        return typeof integer === 'bigint' && this.rules.integers === 'float64' ? Number(integer) : integer;
      }
      case '!!float': {
        const float = floatOf(text, types);
        if (!Number.isFinite(float)) throw declined;
        return float;
      }
    }
  }
}
