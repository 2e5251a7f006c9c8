import { SluiceError } from '@sluice/core';
import { codesOf, isBreak } from '../characters.js';
import { formatFloatG } from '../go-number.js';
import type { ScalarStyle } from '../node.js';
import { beginsString, isOldBoolean, plainTag } from '../resolve.js';
import { compareKeys } from './key-order.js';
import { chooseStyle, scalarTraits } from './scalar-style.js';
import { scalarText } from './scalar-text.js';

/** What one of the Go encoders does differently from the other. */
interface Dialect {
  readonly v3: boolean;
  /** Further columns of a sequence below its key. */
  readonly sequenceIndent: number;
  readonly width: number;
  readonly number: (value: number) => string;
  readonly compare: (a: string, b: string) => number;
}

const sigsDialect: Dialect = {
  v3: false,
  sequenceIndent: 0,
  width: 80,
  number: jsonNumber,
  compare: (a, b) => compareKeys(a, b, false),
};
const prettyDialect: Dialect = {
  v3: true,
  sequenceIndent: 2,
  width: Infinity,
  number: (value) => goFloat(value),
  compare: (a, b) => compareKeys(a, b, true),
};
const sortedDialect: Dialect = { ...sigsDialect, compare: (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) };

/**
 * A value as sigs.k8s.io/yaml prints it (`Marshal`, which kubectl, kustomize build and Helm's `toYaml` go through):
 * keys in natural order, sequences not indented below their key, plain and quoted text folded at about 80 columns.
 * Ends with a line break. Fields that are undefined are left out.
 */
export function printYaml(value: unknown): string {
  return new ValuePrinter(sigsDialect).document(value);
}

/** As {@link printYaml}, with keys in the order of their bytes: what digests of values are made of. */
export function printYamlSorted(value: unknown): string {
  return new ValuePrinter(sortedDialect).document(value);
}

/**
 * A value as Helm's `toYamlPretty` prints it (go-yaml v3's encoder with an indent of 2): sequences indented, nothing
 * folded. A number is a float64 there, `1e+06`; an integer of Go is a bigint here.
 */
export function printYamlPretty(value: unknown): string {
  return new ValuePrinter(prettyDialect).document(value);
}

const MAX_DEPTH = 2_000;
const MAX_SIMPLE_KEY = 128;
const MAX_JSON_KEY = 1024;
const STEP = 2;
/** Up to here inserting one after the other sorts quicker than a call for every comparison. */
const FEW_KEYS = 24;

/** The fields of an object side by side. */
interface Fields {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
}

class ValuePrinter {
  private readonly dialect: Dialect;
  /** The text in pieces: joining many once is quicker than adding one to what is there. */
  private readonly pieces: string[] = [];
  private depth = 0;

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  document(value: unknown): string {
    this.node(value, 0);
    return this.pieces.join('');
  }

  /** A value where the line has come to a column: a block goes on there. */
  private node(value: unknown, column: number): void {
    if (typeof value !== 'object' || value === null || !this.collection('', value, column)) this.leafLine(value, column, column || STEP);
  }

  /** A mapping or sequence with something in it, as a block behind `opening`; an empty one is not for here (false). */
  private collection(opening: string, value: object, indent: number): boolean {
    if (Array.isArray(value)) {
      if (value.length === 0) return false;
      this.enter(opening);
      this.sequence(value, indent);
    } else {
      const fields = this.sortedFields(value as Record<string, unknown>);
      if (fields.keys.length === 0) return false;
      this.enter(opening);
      this.mapping(fields, indent);
    }
    this.depth--;
    return true;
  }

  private enter(opening: string): void {
    if (++this.depth > MAX_DEPTH) throw new SluiceError('YamlTooComplex', `yaml: more than ${MAX_DEPTH} collections inside each other`);
    if (opening !== '') this.pieces.push(opening);
  }

  private sequence(items: readonly unknown[], indent: number): void {
    const inner = indent + STEP;
    for (let index = 0; index < items.length; index++) {
      this.pieces.push(index === 0 ? '- ' : `${marginOf(indent)}- `);
      this.node(items[index], inner);
    }
  }

  private mapping({ keys, values }: Fields, indent: number): void {
    const { pieces } = this;
    const margin = marginOf(indent);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      const value = values[index];
      if (index > 0) pieces.push(margin);
      const simple = this.simpleKey(key);
      if (simple === undefined) {
        this.longKey(key, value, indent);
        continue;
      }
      pieces.push(simple);
      if (typeof value === 'object' && value !== null) {
        const inner = indent + (Array.isArray(value) ? this.dialect.sequenceIndent : STEP);
        if (this.collection(`:\n${marginOf(inner)}`, value, inner)) continue;
      }
      pieces.push(': ');
      this.leafLine(value, indent + simple.length + 2, indent + STEP);
    }
  }

  /** A key that needs the form `? key`, with `: value` below it. */
  private longKey(key: string, value: unknown, indent: number): void {
    this.pieces.push('? ');
    this.leafLine(key, indent + STEP, indent + STEP);
    this.pieces.push(`${marginOf(indent)}: `);
    this.node(value, indent + STEP);
  }

  /** The rest of a line: a scalar, which may go on on further lines, or an empty collection. */
  private leafLine(value: unknown, column: number, indent: number): void {
    const { pieces } = this;
    if (typeof value === 'string' && column + value.length <= this.dialect.width && isOrdinary(value)) {
      if (readsAsString(value, this.dialect.v3)) pieces.push(value, '\n');
      else pieces.push('"', value, '"\n');
      return;
    }
    const text = this.leaf(value, column, indent);
    pieces.push(text);
    if (!isBreak(text.charCodeAt(text.length - 1))) pieces.push('\n');
  }

  /** What an object has, in the order of the keys. Fields are never looked up: objects of many shapes come here, which makes that slow. */
  private sortedFields(object: Record<string, unknown>): Fields {
    const { compare } = this.dialect;
    let keys = Object.keys(object);
    let values = Object.values(object);
    if (values.includes(undefined)) {
      keys = keys.filter((key) => object[key] !== undefined);
      values = values.filter((value) => value !== undefined);
    }
    if (keys.length > FEW_KEYS) {
      keys.sort(compare);
      return { keys, values: keys.map((key) => object[key]) };
    }
    for (let index = 1; index < keys.length; index++) {
      const key = keys[index]!;
      const value = values[index];
      let at = index;
      for (; at > 0 && compare(keys[at - 1]!, key) > 0; at--) {
        keys[at] = keys[at - 1]!;
        values[at] = values[at - 1];
      }
      keys[at] = key;
      values[at] = value;
    }
    return { keys, values };
  }

  /** A key of one line, or undefined when it needs the long form. */
  private simpleKey(key: string): string | undefined {
    if (key.length <= MAX_SIMPLE_KEY && isOrdinary(key)) return readsAsString(key, this.dialect.v3) ? key : `"${key}"`;
    const text = this.checked(key);
    if (!this.dialect.v3 && isBeyondKey(key)) throw new SluiceError('YamlInvalid', "yaml: did not find expected ',' or '}'");
    const traits = scalarTraits(text, this.dialect.v3);
    if (traits.multiline || Buffer.byteLength(text) > MAX_SIMPLE_KEY) return undefined;
    const style = chooseStyle(this.wantedStyle(text), text, traits, { flow: false, simpleKey: true, plainAllowed: true });
    return scalarText(text, style, { column: 0, indent: 0, width: this.dialect.width, step: STEP, breaks: false });
  }

  /** Anything but a collection with something in it. */
  private leaf(value: unknown, column: number, indent: number): string {
    switch (typeof value) {
      case 'string':
        return this.string(value, column, indent);
      case 'number':
        return this.dialect.number(value);
      case 'bigint':
        return this.dialect.v3 ? String(value) : jsonNumber(value);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'object':
        return value === null ? 'null' : Array.isArray(value) ? '[]' : '{}';
      case 'undefined':
        return 'null';
      default:
        throw new TypeError(`a ${typeof value} is not a JSON value`);
    }
  }

  private string(value: string, column: number, indent: number): string {
    const text = this.checked(value);
    const traits = scalarTraits(text, this.dialect.v3);
    const style = chooseStyle(this.wantedStyle(text), text, traits, { flow: false, simpleKey: false, plainAllowed: true });
    return scalarText(text, style, { column, indent, width: this.dialect.width, step: STEP, breaks: true });
  }

  private wantedStyle(text: string): ScalarStyle {
    if (text.includes('\n')) return 'literal';
    return readsAsString(text, this.dialect.v3) ? 'plain' : 'double';
  }

  /** A string as it arrives at the emitter: in the sigs dialect it has been JSON, read as YAML. */
  private checked(text: string): string {
    const wellFormed = text.replace(loneSurrogates, '\uFFFD');
    if (this.dialect.v3) return wellFormed;
    if (refusedInJson.test(wellFormed)) throw new SluiceError('YamlInvalid', 'yaml: control characters are not allowed');
    return wellFormed.replace(nextLines, (run) => {
      const breaks = run.replaceAll(' ', '').length;
      return breaks === 1 ? ' ' : '\n'.repeat(breaks - 1);
    });
  }
}

const loneSurrogates = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
/** What JSON leaves as it is and YAML does not take. */
const refusedInJson = /[\x7F-\x84\x86-\x9F\uFFFE\uFFFF]/;
/** NEL, which JSON leaves as it is and YAML folds as a line break. */
const nextLines = / *\x85[ \x85]*/g;

/** Whether a key that has become JSON is none for YAML any more: too long, or on two lines. */
function isBeyondKey(key: string): boolean {
  return key.includes('\x85') || (key.length > MAX_SIMPLE_KEY && Array.from(JSON.stringify(key)).length > MAX_JSON_KEY);
}

const margins = Array.from({ length: 64 }, (_, indent) => ' '.repeat(indent));

function marginOf(indent: number): string {
  return margins[indent] ?? ' '.repeat(indent);
}

const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

/** Whether go-yaml, asked to print a string, finds that a plain one would be read as a string again. */
function readsAsString(text: string, v3: boolean): boolean {
  const first = text.charCodeAt(0);
  if (beginsString(first)) return true;
  if (plainTag(text, v3 ? 'kyaml' : 'sigs') !== '!!str') return false;
  return !(text.includes(':') && base60.test(text)) && !(v3 && isOldBoolean(text));
}

/** ASCII that may stand in an ordinary string, and at its beginning; a colon and a space need another look. */
const NOWHERE = 0;
const INSIDE = 1;
const ANYWHERE = 2;
const characters = new Uint8Array(128).fill(ANYWHERE, 33, 127);
for (const code of codesOf(',[]{}&*!|>\'"%@`?')) characters[code] = INSIDE;
for (const code of codesOf(':#')) characters[code] = NOWHERE;

/**
 * Whether nothing in a string keeps it from being plain, so that only its meaning counts: it is printed as it stands,
 * or in double quotes if it would be read as something else. Most strings are like this; the others get a closer look.
 */
function isOrdinary(text: string): boolean {
  const length = text.length;
  if (length === 0) return true;
  const first = text.charCodeAt(0);
  if (first >= 128 || characters[first] !== ANYWHERE) return false;
  if ((first === 45 || first === 46) /* - . */ && !(text.charCodeAt(1) > 32 && text.charCodeAt(1) !== first)) return false;
  for (let index = 1; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 128) return false;
    if (characters[code] !== NOWHERE) continue;
    const next = text.charCodeAt(index + 1);
    // A colon or a space is text when more text follows at once. The end of the string is NaN, which is not.
    if ((code === 58 /* : */ || code === 32) && next > 32 && next < 127 && next !== 35 /* # */) continue;
    return false;
  }
  return true;
}

/** A number as encoding/json writes it and go-yaml v2 reads and prints that: integers of 64 bits as digits. */
function jsonNumber(value: number | bigint): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '0' : String(value);
  if (typeof value === 'bigint' || Number.isInteger(value)) {
    const digits = typeof value === 'bigint' || Math.abs(value) < 1e21 ? BigInt(value.toString()) : undefined;
    if (digits !== undefined && digits >= -(2n ** 63n) && digits < 2n ** 64n) return String(digits);
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new SluiceError('YamlInvalid', `json: unsupported value: ${formatFloatG(value)}`);
  }
  return formatFloatG(Number(value));
}

function goFloat(value: number): string {
  if (Number.isFinite(value)) return formatFloatG(value);
  return Number.isNaN(value) ? '.nan' : value < 0 ? '-.inf' : '.inf';
}
