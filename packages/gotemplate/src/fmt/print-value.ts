import { formatGoDuration } from '../time/duration.js';
import { timeGoSyntax, timeText } from '../time/format.js';
import { bytesToString, goQuote } from '../parse/literals.js';
import {
  elementType,
  GoComplex,
  GoDuration,
  GoError,
  GoFloat32,
  GoInt,
  GoTime,
  goInt,
  GoStruct,
  isNilCollection,
  keyType,
  keyValue,
  isMap,
  isSigned,
  JsonNumber,
  sortedKeys,
  typeName,
  type GoMap,
  type GoValue,
} from '../values/values.js';
import { pad, type Spec } from './flags.js';
import { formatFloatVerb, formatInteger, formatRune, formatUnicode, quoteRune } from './number.js';
import { formatHex, formatString, quoteString } from './string.js';

/** Since the beginning of the year 1. */
const SECONDS_BEFORE_1970 = 62_135_596_800n;

/** One value under one verb, as fmt prints it; what the verb can't do becomes `%!verb(type=value)`. */
export function printValue(value: GoValue, verb: string, spec: Spec, depth = 0): string {
  if (verb === 'T') return formatString(typeName(value), spec);
  if (value === undefined || value === null) {
    if (depth > 0) return '<nil>';
    if (verb === 'v') return pad('<nil>', spec);
    return badVerb(value, verb, spec);
  }
  if (verb === 'p') return badVerb(value, verb, spec);
  if (typeof value === 'boolean') return verb === 't' || verb === 'v' ? pad(String(value), spec) : badVerb(value, verb, spec);
  if (typeof value === 'string') return printString(value, verb, spec);
  if (typeof value === 'number') return printFloat(value, 64, verb, spec);
  if (value instanceof GoInt) return printInteger(value, verb, spec);
  if (value instanceof GoFloat32) return printFloat(value.value, 32, verb, spec);
  if (value instanceof GoComplex) return printComplex(value, verb, spec);
  if (value instanceof Uint8Array) return printBytes(value, verb, spec, depth);
  if (value instanceof JsonNumber) return 'vsxXq'.includes(verb) ? printString(value.text, verb, spec) : badVerb(value, verb, spec);
  const text = textOf(value);
  if (text !== undefined && 'vsxXq'.includes(verb) && !spec.sharpV) return printString(text, verb, spec);
  if (value instanceof GoError) return printError(value, verb, spec);
  if (value instanceof GoDuration) return printInteger(new GoInt('int64', value.nanoseconds), verb, spec);
  if (Array.isArray(value)) return printSlice(value, verb, spec, depth);
  if (isMap(value)) return printMap(value, verb, spec, depth);
  if (value instanceof GoStruct) return printStruct(value, verb, spec, depth);
  if (value instanceof GoTime) return verb === 'v' ? formatString(timeGoSyntax(value), spec) : printTimeFields(value, verb, spec);
  return badVerb(value, verb, spec);
}

function printStruct({ goType, fields }: GoStruct, verb: string, spec: Spec, depth: number): string {
  const shown = Array.from(fields, ([name, value]) => `${spec.plusV ? `${name}:` : ''}${printValue(value, verb, spec, depth + 1)}`);
  return `${goType.startsWith('*') ? '&' : ''}{${shown.join(' ')}}`;
}

/** The struct that a time is inside, for verbs that are not for text: nanoseconds, seconds since the year 1, and no pointer to a zone, as in UTC. */
function printTimeFields(time: GoTime, verb: string, spec: Spec): string {
  const seconds = BigInt(Math.floor(time.date.getTime() / 1000));
  const nanoseconds = time.unixNanoseconds - seconds * 1_000_000_000n;
  const fields = [new GoInt('uint64', nanoseconds), new GoInt('int64', seconds + SECONDS_BEFORE_1970)];
  const zone = 'bod'.includes(verb) ? printInteger(new GoInt('uint', 0n), verb, spec) : `%!${verb}(*time.Location=${pad('<nil>', spec)})`;
  return `{${fields.map((field) => printInteger(field, verb, spec)).join(' ')} ${zone}}`;
}

/** What a value says of itself: errors and Stringers. */
function textOf(value: GoValue): string | undefined {
  if (value instanceof GoError) return value.message;
  if (value instanceof GoDuration) return formatGoDuration(value.nanoseconds);
  if (value instanceof GoTime) return timeText(value);
  if (value instanceof GoStruct) return value.text;
  return undefined;
}

/** An error where its message is not asked for: the struct that errors.New makes. */
function printError({ message }: GoError, verb: string, spec: Spec): string {
  const inner = printValue(message, verb, spec);
  return spec.sharpV ? `&errors.errorString{s:${inner}}` : `&{${inner}}`;
}

function badVerb(value: GoValue, verb: string, spec: Spec): string {
  if (value === undefined || value === null) return `%!${verb}(<nil>)`;
  return `%!${verb}(${typeName(value)}=${printValue(value, 'v', spec)})`;
}

function printString(text: string, verb: string, spec: Spec): string {
  switch (verb) {
    case 'v':
      return spec.sharpV ? quoteString(text, spec) : formatString(text, spec);
    case 's':
      return formatString(text, spec);
    case 'x':
    case 'X':
      return formatHex(text, verb, spec);
    case 'q':
      return quoteString(text, spec);
    default:
      return badVerb(text, verb, spec);
  }
}

function printInteger({ kind, value }: GoInt, verb: string, spec: Spec): string {
  const signed = isSigned(kind);
  switch (verb) {
    case 'v':
      if (spec.sharpV && !signed) return formatInteger(value, signed, 'x', { ...spec, sharp: true });
      return formatInteger(value, signed, 'd', spec);
    case 'd':
    case 'b':
    case 'o':
    case 'O':
    case 'x':
    case 'X':
      return formatInteger(value, signed, verb, spec);
    case 'c':
      return formatRune(value, spec);
    case 'q':
      return quoteRune(value, spec);
    case 'U':
      return formatUnicode(value, spec);
    default:
      return badVerb(goInt(value, kind), verb, spec);
  }
}

function printFloat(value: number, bits: 32 | 64, verb: string, spec: Spec): string {
  switch (verb) {
    case 'v':
      return formatFloatVerb(value, bits, 'g', -1, spec);
    case 'e':
    case 'E':
      return formatFloatVerb(value, bits, verb, 6, spec);
    case 'f':
    case 'F':
      return formatFloatVerb(value, bits, 'f', 6, spec);
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X':
      return formatFloatVerb(value, bits, verb, -1, spec);
    default:
      return badVerb(bits === 64 ? value : new GoFloat32(value), verb, spec);
  }
}

function printComplex(value: GoComplex, verb: string, spec: Spec): string {
  if (!'vbgGxXfFeE'.includes(verb)) return badVerb(value, verb, spec);
  const real = printFloat(value.real, 64, verb, spec);
  // The imaginary part always has a sign.
  return `(${real}${printFloat(value.imaginary, 64, verb, { ...spec, plus: true })}i)`;
}

function printBytes(bytes: Uint8Array, verb: string, spec: Spec, depth: number): string {
  switch (verb) {
    case 'v':
    case 'd': {
      if (spec.sharpV)
        return `${depth > 0 ? '[]uint8' : '[]byte'}{${Array.from(bytes, (byte) => formatInteger(BigInt(byte), false, 'x', { ...spec, sharp: true })).join(', ')}}`;
      return `[${Array.from(bytes, (byte) => formatInteger(BigInt(byte), false, 'd', spec)).join(' ')}]`;
    }
    case 's':
      return formatString(bytesToString(bytes), spec);
    case 'x':
    case 'X':
      return formatHex(bytes, verb, spec);
    case 'q':
      return quoteString(bytesToString(bytes), spec);
    default:
      return `[${Array.from(bytes, (byte) => printInteger(new GoInt('uint8', BigInt(byte)), verb, spec)).join(' ')}]`;
  }
}

function printSlice(items: readonly GoValue[], verb: string, spec: Spec, depth: number): string {
  const type = typeName(items as GoValue);
  if (spec.sharpV && isNilCollection(items as GoValue)) return `${type}(nil)`;
  if (spec.sharpV) return `${type}{${items.map((item) => goSyntax(item, elementType(type), spec, depth)).join(', ')}}`;
  return `[${items.map((item) => printValue(item, verb, spec, depth + 1)).join(' ')}]`;
}

function printMap(map: GoMap, verb: string, spec: Spec, depth: number): string {
  const type = typeName(map);
  if (spec.sharpV && isNilCollection(map)) return `${type}(nil)`;
  const entries = sortedKeys(map).map((key) => {
    const shownKey = printValue(keyValue(map, key), verb, spec, depth + 1);
    if (!spec.sharpV) return `${shownKey}:${printValue(map[key], verb, spec, depth + 1)}`;
    return `${keyType(map) === 'string' ? goQuote(key) : key}:${goSyntax(map[key], elementType(type), spec, depth)}`;
  });
  return spec.sharpV ? `${type}{${entries.join(', ')}}` : `map[${entries.join(' ')}]`;
}

function goSyntax(value: GoValue, staticType: string, spec: Spec, depth: number): string {
  if (value === null || value === undefined) return `${staticType}(nil)`;
  return printValue(value, 'v', spec, depth + 1);
}
