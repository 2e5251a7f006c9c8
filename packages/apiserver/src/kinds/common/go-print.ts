import { fieldsOf, isSet } from './fields.js';
import { shownQuantity } from './quantities.js';
import { readData } from '../../data.js';

/**
 * Prints values as the API server's internal Go types read in JSON: capital names, every field, in the order of the
 * struct. Some messages show values so, and tools compare those messages.
 */
export function printInternal(type: string, value: unknown): string {
  return JSON.stringify(internal(type, value));
}

/**
 * What changed between two values of an internal type, as the API server shows it under "may not change": a unified
 * diff of both printed with an indent of one.
 */
export function diffInternal(type: string, before: unknown, after: unknown): string {
  return unifiedDiff(JSON.stringify(internal(type, before), undefined, 1), JSON.stringify(internal(type, after), undefined, 1));
}

interface InternalField {
  readonly goName: string;
  /** The name in the API; empty for fields that the API has elsewhere. */
  readonly jsonName: string;
  readonly pointer: boolean;
  readonly omitEmpty: boolean;
  readonly type: string;
}

let table: Readonly<Record<string, string>> | undefined;
const structs = new Map<string, readonly InternalField[]>();

function fieldsOfStruct(name: string): readonly InternalField[] {
  let fields = structs.get(name);
  if (fields !== undefined) return fields;
  table ??= readData('go-internal-types') as Record<string, string>;
  fields = (table[name] ?? '').split(' ').map((text) => {
    const [, goName = '', jsonName = '', pointer = '', omitEmpty = '', type = ''] = /^([^=]+)=([^*?:]*)(\*?)(\??):(.*)$/.exec(text) ?? [];
    return { goName, jsonName, pointer: pointer !== '', omitEmpty: omitEmpty !== '', type };
  });
  structs.set(name, fields);
  return fields;
}

function internal(type: string, value: unknown): unknown {
  if (type.startsWith('[]')) return Array.isArray(value) && value.length > 0 ? value.map((item) => internal(type.slice(2), item)) : null;
  if (type.startsWith('{}')) {
    const map = fieldsOf(value);
    const keys = Object.keys(map).sort();
    return keys.length === 0 ? null : Object.fromEntries(keys.map((key) => [key, internal(type.slice(2), map[key])]));
  }
  switch (type) {
    case 's':
    case 'B':
      return value ?? '';
    case 'b':
      return value ?? false;
    case 'n':
    case 'I':
      return value ?? 0;
    case 'Q':
      return shownQuantity(value);
    case 'T':
      return value ?? null;
    default:
      return printStruct(type, value);
  }
}

function printStruct(name: string, value: unknown): unknown {
  const object = fieldsOf(value);
  const result: Record<string, unknown> = {};
  for (const { goName, jsonName, pointer, omitEmpty, type } of fieldsOfStruct(name)) {
    const source = jsonName === '' ? undefined : object[jsonName];
    const missing = !isSet(source);
    if (missing && (omitEmpty || pointer)) {
      if (!omitEmpty) result[goName] = null;
      continue;
    }
    result[goName] = internal(type, source);
  }
  return result;
}

/** The pod spec keeps the host's namespaces in its security context there. */
export function internalPodSpec(spec: unknown): unknown {
  const object = fieldsOf(spec);
  const context = fieldsOf(object['securityContext']);
  const moved = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'].map((field) => [field, object[field]]);
  return { ...object, securityContext: { ...context, ...Object.fromEntries(moved) } };
}

const CONTEXT_LINES = 3;

/** A unified diff without file names; the lines common to both ends are not compared one by one. */
function unifiedDiff(before: string, after: string): string {
  const a = `${before}\n`.split('\n').slice(0, -1);
  const b = `${after}\n`.split('\n').slice(0, -1);
  const edits = editScript(a, b);
  const hunks: string[] = [];
  for (let start = 0; start < edits.length;) {
    let end = start + 1;
    while (end < edits.length && (edits[end] as Edit).a - (edits[end - 1] as Edit).aEnd <= 2 * CONTEXT_LINES) end++;
    hunks.push(hunk(a, b, edits.slice(start, end)));
    start = end;
  }
  return hunks.join('');
}

/** Lines a..aEnd of the first text become lines b..bEnd of the second. */
interface Edit {
  readonly a: number;
  readonly aEnd: number;
  readonly b: number;
  readonly bEnd: number;
}

function hunk(a: readonly string[], b: readonly string[], edits: readonly Edit[]): string {
  const first = edits[0] as Edit;
  const last = edits.at(-1) as Edit;
  const aStart = Math.max(0, first.a - CONTEXT_LINES);
  const bStart = Math.max(0, first.b - CONTEXT_LINES);
  const aEnd = Math.min(a.length, last.aEnd + CONTEXT_LINES);
  const bEnd = Math.min(b.length, last.bEnd + CONTEXT_LINES);
  let text = `@@ -${aStart + 1},${aEnd - aStart} +${bStart + 1},${bEnd - bStart} @@\n`;
  let at = aStart;
  for (const edit of edits) {
    for (; at < edit.a; at++) text += ` ${a[at]}\n`;
    for (; at < edit.aEnd; at++) text += `-${a[at]}\n`;
    for (let line = edit.b; line < edit.bEnd; line++) text += `+${b[line]}\n`;
  }
  for (; at < aEnd; at++) text += ` ${a[at]}\n`;
  return text;
}

/** The longest common subsequence, over what is left between the common head and tail. */
function editScript(a: readonly string[], b: readonly string[]): Edit[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const aEnd = a.length - tail;
  const bEnd = b.length - tail;
  if ((aEnd - head) * (bEnd - head) > 4_000_000) return [{ a: head, aEnd, b: head, bEnd }];
  const width = bEnd - head + 1;
  const lengths = new Uint32Array((aEnd - head + 1) * width);
  for (let i = aEnd - head - 1; i >= 0; i--) {
    for (let j = bEnd - head - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[head + i] === b[head + j]
          ? (lengths[(i + 1) * width + j + 1] as number) + 1
          : Math.max(lengths[(i + 1) * width + j] as number, lengths[i * width + j + 1] as number);
    }
  }
  const edits: Edit[] = [];
  let i = 0;
  let j = 0;
  while (head + i < aEnd || head + j < bEnd) {
    if (head + i < aEnd && head + j < bEnd && a[head + i] === b[head + j]) {
      i++;
      j++;
      continue;
    }
    const start = { a: head + i, b: head + j };
    while ((head + i < aEnd || head + j < bEnd) && !(head + i < aEnd && head + j < bEnd && a[head + i] === b[head + j])) {
      const down = head + i < aEnd ? (lengths[(i + 1) * width + j] ?? 0) : -1;
      const right = head + j < bEnd ? (lengths[i * width + j + 1] ?? 0) : -1;
      if (down >= right) i++;
      else j++;
    }
    edits.push({ ...start, aEnd: head + i, bEnd: head + j });
  }
  return edits;
}
