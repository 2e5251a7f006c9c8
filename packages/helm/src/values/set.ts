import { SluiceError, errorMessage, setOwn, type Json } from '@sluice/core';
import { decodeJsonPrefix } from '@sluice/gotemplate';
import { typeOfValue } from './go-text.js';
import { isTable, valueAt, type Values } from './values.js';

/**
 * How the values of a `--set` are read: `set` (true, 5, null and text by their look), `string`, `json`, `literal` (one key,
 * the rest is the value, nothing is special in it).
 */
export type SetMode = 'set' | 'string' | 'json' | 'literal';

const MAX_INDEX = 65_536;
const MAX_LEVELS = 30;

/**
 * Puts what a `--set` argument says (`image.tag=v2,hosts[0]=a`) into values, in place. `read` stands between the text of
 * a value and the value: `--set-file` reads the file of that name.
 */
export function setValues(target: Values, text: string, mode: SetMode, read?: (text: string) => string): void {
  new SetParser(text, mode, read).parse(target);
}

/** How a part ended: with the end of the text, or before more of it. */
type Ending = 'end' | 'more';

/** A part of the text up to one of some characters, and which; no character at the end of the text. */
interface Part {
  readonly text: string;
  readonly stop: string | undefined;
}

class SetParser {
  readonly #characters: readonly string[];
  readonly #mode: SetMode;
  readonly #read: ((text: string) => string) | undefined;
  #at = 0;

  constructor(text: string, mode: SetMode, read: ((text: string) => string) | undefined) {
    this.#characters = Array.from(text);
    this.#mode = mode;
    this.#read = read;
  }

  parse(target: Values): void {
    while (this.#key(target, 0) === 'more');
  }

  #key(table: Values, level: number): Ending {
    const { text: key, stop } = this.#until(this.#mode === 'literal' ? '=[.' : '=[,.');
    switch (stop) {
      case '[': {
        const index = this.#index();
        const existing = valueAt(table, key);
        if (existing !== undefined && !Array.isArray(existing)) throw wrongType(existing, '[]interface {}');
        const list = (existing ?? []) as Json[];
        const item = this.#item(list, index, level);
        set(table, key, item.list);
        return item.ending;
      }
      case '=': {
        const value = this.#value();
        set(table, key, value.value);
        return value.ending;
      }
      case ',':
        throw refused(`key ${quote(key)} has no value (cannot end with ,)`);
      case '.': {
        if (level + 1 > MAX_LEVELS)
          throw refused(`value name nested level is greater than maximum supported nested level of ${MAX_LEVELS}`);
        const existing = valueAt(table, key);
        if (existing !== undefined && !isTable(existing)) throw wrongType(existing, 'map[string]interface {}');
        const inner = existing ?? {};
        const ending = this.#key(inner, level + 1);
        if (Object.keys(inner).length > 0) set(table, key, inner);
        else if (ending === 'more') throw refused(`key map ${quote(key)} has no value`);
        return ending;
      }
      default:
        if (key === '') return 'end';
        throw refused(`key ${quote(key)} has no value`);
    }
  }

  /** The number of `[number]`, from behind its bracket. */
  #index(): number {
    const { text, stop } = this.#until(']');
    if (stop === undefined) throw refused('error parsing index: EOF');
    if (!/^[+-]?[0-9]+$/.test(text)) throw refused(`error parsing index: strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
    const index = Number(text);
    if (!Number.isSafeInteger(index)) throw refused(`error parsing index: strconv.Atoi: parsing ${quote(text)}: value out of range`);
    return index;
  }

  /** What follows `[number]`: the list with that item set. */
  #item(list: Json[], index: number, level: number): { list: Json[]; ending: Ending } {
    if (index < 0) throw refused(`negative ${index} index not allowed`);
    const { text, stop } = this.#until('[.=');
    if (text !== '') throw refused(`unexpected data at end of array index: [${Array.from(text, quoteCharacter).join(' ')}]`);
    const existing = list[index];
    switch (stop) {
      case '=': {
        const { value, ending } = this.#value();
        return { list: setItem(list, index, value), ending };
      }
      case '[': {
        const next = this.#index();
        if (existing !== undefined && existing !== null && !Array.isArray(existing)) throw wrongType(existing, '[]interface {}');
        const inner = this.#item((existing ?? []) as Json[], next, level);
        // A list that ends without a value is not put into the one around it.
        if (inner.ending === 'end' && inner.list === existing) return { list, ending: 'end' };
        return { list: setItem(list, index, inner.list), ending: inner.ending };
      }
      case '.': {
        const inner = isTable(existing) ? existing : {};
        if (index < list.length) list[index] = inner;
        const ending = this.#key(inner, level);
        return { list: Object.keys(inner).length > 0 || ending === 'more' ? setItem(list, index, inner) : list, ending };
      }
      default:
        return { list, ending: 'end' };
    }
  }

  #value(): { value: Json; ending: Ending } {
    if (this.#mode === 'json') return this.#jsonValue();
    if (this.#mode === 'literal') {
      const text = this.#characters.slice(this.#at).join('');
      this.#at = this.#characters.length;
      return { value: text, ending: 'more' };
    }
    if (this.#at >= this.#characters.length) return { value: this.#typed('', false), ending: 'end' };
    if (this.#characters[this.#at] !== '{') return { value: this.#typed(this.#until(',').text), ending: 'more' };
    this.#at++;
    const items: Json[] = [];
    for (;;) {
      const { text, stop } = this.#until(',}');
      if (stop === undefined) throw refused("list must terminate with '}'");
      items.push(this.#typed(text));
      if (stop === '}') break;
    }
    if (this.#characters[this.#at] === ',') this.#at++;
    return { value: items, ending: 'more' };
  }

  #jsonValue(): { value: Json; ending: Ending } {
    if (this.#skipEmpty()) return { value: null, ending: 'more' };
    const rest = this.#characters.slice(this.#at).join('');
    const { value, end } = readJson(rest);
    this.#at += rest.slice(0, end).length;
    this.#skipEmpty();
    return { value, ending: 'more' };
  }

  /** Whether nothing comes up to the next comma or the end; skips the blanks and the comma. */
  #skipEmpty(): boolean {
    for (; ; this.#at++) {
      const character = this.#characters[this.#at];
      if (character === undefined) return true;
      if (character === ',') {
        this.#at++;
        return true;
      }
      if (character.trim() !== '') return false;
    }
  }

  #typed(text: string, isValue = true): Json {
    if (this.#read !== undefined && isValue) return this.#read(text);
    if (this.#mode === 'string') return text;
    switch (text.toLowerCase()) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
        return null;
      case '0':
        return 0n;
      default:
        return /^([1-9]|[+-][0-9])[0-9]*$/.test(text) && isInt64(BigInt(text)) ? BigInt(text) : text;
    }
  }

  #until(stops: string): Part {
    let text = '';
    for (;;) {
      const character = this.#characters[this.#at++];
      if (character === undefined) return { text, stop: undefined };
      if (stops.includes(character)) return { text, stop: character };
      if (character !== '\\' || this.#mode === 'literal') {
        text += character;
        continue;
      }
      const escaped = this.#characters[this.#at++];
      if (escaped === undefined) return { text, stop: undefined };
      text += escaped;
    }
  }
}

function set(table: Values, key: string, value: Json): void {
  if (key !== '') setOwn(table, key, value);
}

function setItem(list: Json[], index: number, value: Json): Json[] {
  if (index > MAX_INDEX) throw refused(`index of ${index} is greater than maximum supported index of ${MAX_INDEX}`);
  while (list.length < index) list.push(null);
  list[index] = value;
  return list;
}

/** A value with something behind it. It is read as from a stream, whose end is not the end of a text. */
function readJson(text: string): { value: Json; end: number } {
  try {
    const { value, end } = decodeJsonPrefix(text);
    return { value: value as Json, end };
  } catch (error) {
    throw refused(errorMessage(error).replace('unexpected end of JSON input', 'unexpected EOF'));
  }
}

function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function wrongType(value: Json, wanted: string): SluiceError {
  return refused(`unable to parse key: interface conversion: interface {} is ${typeOfValue(value)}, not ${wanted}`);
}

function refused(message: string): SluiceError {
  return new SluiceError('ValuesInvalid', message);
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function quoteCharacter(character: string): string {
  return character === "'" || character === '\\' ? `'\\${character}'` : `'${character}'`;
}
