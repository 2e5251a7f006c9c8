import { isJsonObject, type KubeObject } from '@sluice/core';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message: string;
}

/** The value at a path of an object; undefined where the path ends early. */
export function field(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const key of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** The text at a path of an object; empty where there is none. */
export function textField(object: unknown, ...path: readonly string[]): string {
  const value = field(object, ...path);
  return typeof value === 'string' ? value : '';
}

export function conditionsOf(object: KubeObject): readonly Condition[] {
  const conditions = field(object, 'status', 'conditions');
  return Array.isArray(conditions) ? conditions.filter(isCondition) : [];
}

function isCondition(value: unknown): value is Condition {
  return isJsonObject(value) && typeof value['type'] === 'string' && typeof value['status'] === 'string';
}

/** The state of an object by its Ready condition. */
export function statusAndMessage(object: KubeObject): { status: string; message: string } {
  const ready = conditionsOf(object).find((condition) => condition.type === 'Ready');
  return ready === undefined
    ? { status: 'False', message: 'waiting to be reconciled' }
    : { status: ready.status, message: ready.message ?? '' };
}

/** Cuts digests and commits (40 to 128 hexadecimal digits) down to their first 8. */
export function truncateHex(text: string): string {
  return text.replace(/\b[a-f0-9]{40,128}\b/g, (digits) => digits.slice(0, 8));
}

/**
 * A test of `--status-selector`: `ready=false`, `ready!=true`. Types and states compare whatever their case; an object
 * without the condition matches nothing but a `!=`.
 */
export function statusSelector(selector: string): (conditions: readonly Condition[]) => boolean {
  if (selector === '') return () => true;
  const negated = selector.includes('!=');
  const separator = negated ? '!=' : '=';
  const at = selector.indexOf(separator);
  if (at < 0) throw new Error(`expected status selector in type=status or type!=status format, but found: ${selector}`);
  const type = selector.slice(0, at).toLowerCase();
  const status = selector.slice(at + separator.length).toLowerCase();
  return (conditions) => {
    const condition = conditions.findLast((candidate) => candidate.type.toLowerCase() === type);
    return (condition?.status.toLowerCase() === status) !== negated;
  };
}
