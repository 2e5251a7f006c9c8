import { isJsonObject, type KubeObject } from '@sluice/core';

/** A condition in an object's status; what is missing is empty. */
export interface StatusCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A status that is not of the form that its readers expect. The texts are those of the Go library, as people search for them. */
export class UnreadableStatus extends Error {
  override readonly name = 'UnreadableStatus';
}

/** A field deep in an object; undefined when it, or anything above it, is not there. */
function fieldAt(object: unknown, path: readonly string[]): unknown {
  let value: unknown = object;
  for (const key of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** An integer field; the default also when it is something else. */
export function integerAt(object: KubeObject, path: string, otherwise: number): number {
  const value = fieldAt(object, path.split('.'));
  return typeof value === 'number' && Number.isInteger(value) ? value : typeof value === 'bigint' ? Number(value) : otherwise;
}

/** A string field; the default also when it is something else. */
export function stringAt(object: KubeObject, path: string, otherwise = ''): string {
  const value = fieldAt(object, path.split('.'));
  return typeof value === 'string' ? value : otherwise;
}

export function isTrueAt(object: KubeObject, path: string): boolean {
  return fieldAt(object, path.split('.')) === true;
}

/** A list field; empty when it is not there. */
export function listAt(object: KubeObject, path: string): readonly unknown[] {
  const value = fieldAt(object, path.split('.'));
  return Array.isArray(value) ? value : [];
}

/** An integer that must be one if it is there. */
export function strictIntegerAt(object: KubeObject, path: string): number | undefined {
  const keys = path.split('.');
  let value: unknown = object;
  for (const [index, key] of keys.entries()) {
    if (value === null) return undefined;
    if (!isJsonObject(value)) throw wrongType(path, keys.slice(0, index + 1), value, 'map[string]interface{}');
    if (!Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(path, keys, value, 'int64');
  return value;
}

function wrongType(path: string, keys: readonly string[], value: unknown, expected: string): UnreadableStatus {
  return new UnreadableStatus(
    `looking up ${path} from resource: .${keys.join('.')} accessor error: ${goText(value)} is of the type ${goType(value)}, expected ${expected}`,
  );
}

/** The conditions of an object's status. */
export function conditionsOf(object: KubeObject): readonly StatusCondition[] {
  const status = object['status'] ?? {};
  if (!isJsonObject(status)) throw new UnreadableStatus(`cannot restore struct from: ${goKind(status)}`);
  const conditions = status['conditions'] ?? [];
  if (!Array.isArray(conditions)) throw new UnreadableStatus(`cannot restore slice from ${goKind(conditions)}`);
  return conditions.map(readCondition);
}

function readCondition(condition: unknown): StatusCondition {
  if (condition !== null && !isJsonObject(condition)) throw new UnreadableStatus(`cannot restore struct from: ${goKind(condition)}`);
  const text = (key: string): string => {
    const value = condition?.[key] ?? '';
    if (typeof value !== 'string') throw new UnreadableStatus(`cannot convert ${goType(value)} to string`);
    return value;
  };
  return { type: text('type'), status: text('status'), reason: text('reason'), message: text('message') };
}

function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice';
  return isJsonObject(value) ? 'map' : goType(value);
}

function goText(value: unknown): string {
  return typeof value === 'string' ? value : value === null ? '<nil>' : JSON.stringify(value);
}
