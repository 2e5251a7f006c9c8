import { setOwn, type Json } from '@sluice/core';
import { encodeJson, GoInt, GoTime, goInt, isNilCollection, sprintf, typeName, type GoMap, type GoValue } from '@sluice/gotemplate';
import { TomlDate, TomlError, parse } from 'smol-toml';
import { formatFloatG } from '@sluice/yaml';
import { toJsonValue } from './marshal.js';

/** A value as BurntSushi's encoder writes TOML, which Helm's `toToml` is: tables indented by two, keys sorted. */
export function printToml(value: GoValue): string {
  if (value === null || value === undefined) throw new Error('reflect: call of reflect.Value.Type on zero Value');
  if (!isTable(value)) return inline(value);
  const lines: string[] = [];
  table(value, [], lines);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function table(map: GoMap, path: readonly string[], lines: string[]): void {
  const inner = path.length === 0 ? '' : '  '.repeat(path.length);
  const tables: string[] = [];
  for (const key of Object.keys(map).sort()) {
    const value = map[key];
    if (value === null || value === undefined) continue;
    if (isTable(value) || isTableList(value)) tables.push(key);
    else lines.push(`${inner}${keyText(key)} = ${inline(value)}`);
  }
  for (const key of tables) {
    const value = map[key];
    const below = [...path, key];
    const header = below.map(keyText).join('.');
    const indent = '  '.repeat(path.length);
    if (isTable(value)) {
      // A blank line before tables at the top, none before those within.
      if (path.length === 0 && lines.length > 0) lines.push('');
      lines.push(`${indent}[${header}]`);
      table(value, below, lines);
    } else {
      for (const item of value as GoMap[]) {
        if (lines.length > 0) lines.push('');
        lines.push(`${indent}[[${header}]]`);
        table(item, below, lines);
      }
    }
  }
}

function isTable(value: GoValue): value is GoMap {
  return (
    typeName(value).startsWith('map[') || (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
  );
}

function isTableList(value: GoValue): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isTable);
}

function inline(value: GoValue): string {
  if (value instanceof Uint8Array) return `[${value.join(', ')}]`;
  if (Array.isArray(value)) {
    if (isNilCollection(value)) return '[]';
    return `[${value.map(inline).join(', ')}]`;
  }
  if (isTable(value)) {
    const fields = Object.keys(value)
      .sort()
      .filter((key) => value[key] !== null && value[key] !== undefined)
      .map((key) => `${keyText(key)} = ${inline(value[key])}`);
    return `{${fields.join(', ')}}`;
  }
  if (value instanceof GoInt) return String(value.value);
  if (typeof value === 'number') return floatText(value);
  if (typeof value === 'boolean') return String(value);
  if (value === null || value === undefined) throw new Error('toml: cannot encode array with nil element');
  const json: Json = toJsonValue(value);
  if (typeof json !== 'string') return encodeJson(value);
  return value instanceof GoTime ? json : text(json);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const written = formatFloatG(value);
  return /[.e]/.test(written) ? written : `${written}.0`;
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : text(key);
}

function text(value: string): string {
  return JSON.stringify(value).replace(/\u007f/g, '\\u007f');
}

/** What a TOML text says; what is wrong with it, in the words of BurntSushi's decoder where they are known. */
export function parseToml(source: string): GoMap {
  try {
    return fromToml(parse(source, { integersAsBigInt: true })) as GoMap;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new Error(tomlFault(error, source), { cause: error });
  }
}

function fromToml(value: unknown): GoValue {
  if (typeof value === 'bigint') return goInt(value, 'int64');
  if (value instanceof TomlDate) return dateOf(value);
  if (Array.isArray(value)) return value.map(fromToml);
  if (typeof value !== 'object' || value === null) return value as GoValue;
  const map: GoMap = {};
  for (const [key, item] of Object.entries(value)) setOwn(map, key, fromToml(item));
  return map;
}

/** Dates without a time are at midnight, times without a date in the year 0. */
function dateOf(date: TomlDate): GoTime {
  if (date.isDate()) return new GoTime(new Date(`${date.toISOString().slice(0, 10)}T00:00:00Z`));
  if (date.isTime()) return new GoTime(new Date(`0000-01-01T${date.toISOString().replace(/Z$/, '')}Z`));
  return new GoTime(new Date(date.isLocal() ? `${date.toISOString().replace(/Z$/, '')}Z` : date.toISOString()));
}

function runeOf(char = ''): GoValue {
  return goInt(char.codePointAt(0) ?? 0, 'int32');
}

function tomlFault(error: TomlError, source: string): string {
  const line = source.split('\n')[error.line - 1] ?? '';
  const key = /^\s*([A-Za-z0-9_-]+)\s*=/.exec(line)?.[1];
  if (/redefine|already/.test(error.message) && key !== undefined) {
    return `toml: line ${error.line} (last key "${key}"): Key '${key}' has already been defined.`;
  }
  const after = /^\s*[A-Za-z0-9_-]+(?:[ \t]+([^\s.=])|([^\s.=A-Za-z0-9_-]))/.exec(line);
  if (after !== null)
    return `toml: line ${error.line}: expected '.' or '=', but got ${sprintf('%q', [runeOf(after[1] ?? after[2])])} instead`;
  if (!line.includes('=') && /^\s*[A-Za-z0-9_-]+\s*$/.test(line)) {
    const isLast = error.line >= source.trimEnd().split('\n').length;
    return `toml: line ${error.line}: ${isLast ? 'unexpected EOF; ' : ''}expected key separator '='`;
  }
  const [message = ''] = error.message.split('\n');
  return `toml: line ${error.line}: ${message.replace(/^Invalid TOML document: /, '')}`;
}
