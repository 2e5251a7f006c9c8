import { SluiceError } from '@sluice/core';
import { formatFloatG } from '../go-number.js';
import type { ScalarStyle } from '../node.js';
import { beginsString, isOldBoolean, plainTag } from '../resolve.js';
import { compareKeys } from './key-order.js';
import { chooseStyle, isBreak, scalarTraits } from './scalar-style.js';
import { scalarText } from './scalar-text.js';

/** What one of the Go encoders does differently from the other. */
interface Dialect {
  readonly v3: boolean;
  /** Further columns of a sequence below its key. */
  readonly sequenceIndent: number;
  readonly width: number;
  readonly number: (value: number) => string;
}

const sigsDialect: Dialect = { v3: false, sequenceIndent: 0, width: 80, number: jsonNumber };
const prettyDialect: Dialect = { v3: true, sequenceIndent: 2, width: Infinity, number: (value) => goFloat(value) };

/**
 * A value as sigs.k8s.io/yaml prints it (`Marshal`, which kubectl, kustomize build and Helm's `toYaml` go through):
 * keys in natural order, sequences not indented below their key, plain and quoted text folded at about 80 columns.
 * Ends with a line break. Fields that are undefined are left out.
 */
export function printYaml(value: unknown): string {
  return new ValuePrinter(sigsDialect).document(value);
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

class ValuePrinter {
  private readonly dialect: Dialect;
  private out = '';
  private depth = 0;

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  document(value: unknown): string {
    if (isFilled(value)) this.collection(value, 0, '');
    else this.out += endLine(this.leaf(value, 0, STEP));
    return this.out;
  }

  /** A mapping or sequence that is not empty. Its first line begins with `first`, the others with the margin. */
  private collection(value: object, indent: number, first: string): void {
    if (++this.depth > MAX_DEPTH) throw new SluiceError('YamlTooComplex', `yaml: more than ${MAX_DEPTH} collections inside each other`);
    if (Array.isArray(value)) this.sequence(value, indent, first);
    else this.mapping(value as Record<string, unknown>, indent, first);
    this.depth--;
  }

  private sequence(items: readonly unknown[], indent: number, first: string): void {
    const margin = marginOf(indent);
    let start = first;
    for (const item of items) {
      if (isFilled(item)) this.collection(item, indent + STEP, `${start}- `);
      else this.out += endLine(`${start}- ${this.leaf(item, indent + STEP, indent + STEP)}`);
      start = margin;
    }
  }

  private mapping(object: Record<string, unknown>, indent: number, first: string): void {
    const margin = marginOf(indent);
    let start = first;
    for (const key of this.sortedKeys(object)) {
      const value = object[key];
      const simple = this.simpleKey(key);
      if (simple === undefined) {
        this.longKey(key, value, indent, start);
      } else if (!isFilled(value)) {
        this.out += endLine(`${start}${simple}: ${this.leaf(value, indent + simple.length + 2, indent + STEP)}`);
      } else {
        this.out += `${start}${simple}:\n`;
        const inner = indent + (Array.isArray(value) ? this.dialect.sequenceIndent : STEP);
        this.collection(value, inner, marginOf(inner));
      }
      start = margin;
    }
  }

  /** A key that needs the form `? key`, with `: value` below it. */
  private longKey(key: string, value: unknown, indent: number, first: string): void {
    const margin = marginOf(indent);
    this.out += endLine(`${first}? ${this.string(key, indent + 2, indent + STEP)}`);
    if (isFilled(value)) this.collection(value, indent + STEP, `${margin}: `);
    else this.out += endLine(`${margin}: ${this.leaf(value, indent + 2, indent + STEP)}`);
  }

  private sortedKeys(object: Record<string, unknown>): string[] {
    const { v3 } = this.dialect;
    const keys = Object.keys(object).filter((key) => object[key] !== undefined);
    for (let index = 1; index < keys.length; index++) {
      if (compareKeys(keys[index - 1] ?? '', keys[index] ?? '', v3) > 0) return keys.sort((a, b) => compareKeys(a, b, v3));
    }
    return keys;
  }

  /** A key of one line, or undefined when it needs the long form. */
  private simpleKey(key: string): string | undefined {
    if (key.length <= MAX_SIMPLE_KEY && isEasyPlain(key, this.dialect.v3)) return key;
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
    if (column + value.length <= this.dialect.width && isEasyPlain(value, this.dialect.v3)) return value;
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

/** Ends a line, which a block scalar has done already. */
function endLine(line: string): string {
  return isBreak(line.charCodeAt(line.length - 1)) ? line : `${line}\n`;
}

/** A mapping or a sequence with something in it, which is written as a block. */
function isFilled(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  for (const key in value) if ((value as Record<string, unknown>)[key] !== undefined) return true;
  return false;
}

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
  if (plainTag(text, v3 ? 'kyaml' : 'sigs') !== '!!str') return false;
  return !base60.test(text) && !(v3 && isOldBoolean(text));
}

/** ASCII that stands in a plain scalar wherever it is, in the middle of one, or nowhere without a closer look. */
const REFUSED = 0;
const MIDDLE = 1;
const characters = new Uint8Array(128);
for (let code = 33; code < 127; code++) characters[code] = MIDDLE;
for (const refused of ':#') characters[refused.charCodeAt(0)] = REFUSED;
/** What the scan of {@link scalarTraits} refuses at the start of a plain scalar. */
const refusedFirst = new Set([...'#,[]{}&*!|>\'"%@`?:-.'].map((character) => character.charCodeAt(0)));

/**
 * Whether a string is sure to be printed as it stands. Most are: this saves them the closer look. False only means that
 * the closer look is needed.
 */
function isEasyPlain(text: string, v3: boolean): boolean {
  const length = text.length;
  if (length === 0) return false;
  const first = text.charCodeAt(0);
  if (first >= 128 || characters[first] === REFUSED || refusedFirst.has(first)) return false;
  if (!beginsString(first) && !readsAsString(text, v3)) return false;
  for (let index = 1; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 128) return false;
    if (characters[code] === MIDDLE) continue;
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
