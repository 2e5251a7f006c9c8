import { isJsonObject } from '@sluice/core';

/** The steps of a JSON pointer (RFC 6901); none for the whole document. */
export function pointerSteps(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .replace(/^\//, '')
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value at a pointer; undefined where there is none. */
export function valueAt(value: unknown, steps: readonly string[]): unknown {
  let current = value;
  for (const step of steps) {
    if (Array.isArray(current)) current = current[indexOf(step, current.length) ?? -1];
    else if (isJsonObject(current) && Object.hasOwn(current, step)) current = current[step];
    else return undefined;
  }
  return current;
}

/** The value without what is at a pointer; the value itself where nothing is. */
export function withoutValueAt<T>(value: T, [step, ...rest]: readonly string[]): T {
  if (step === undefined) return value;
  if (Array.isArray(value)) {
    const index = indexOf(step, value.length);
    if (index === undefined) return value;
    return (rest.length === 0 ? value.toSpliced(index, 1) : value.with(index, withoutValueAt(value[index], rest))) as T;
  }
  if (!isJsonObject(value) || !Object.hasOwn(value, step)) return value;
  const { [step]: child, ...others } = value;
  return (rest.length === 0 ? others : { ...value, [step]: withoutValueAt(child, rest) }) as T;
}

/** The value with another one at a pointer that exists; the value itself where it does not. */
export function withValueAt<T>(value: T, [step, ...rest]: readonly string[], replacement: unknown): T {
  if (step === undefined) return replacement as T;
  if (Array.isArray(value)) {
    const index = indexOf(step, value.length);
    return (index === undefined ? value : value.with(index, withValueAt(value[index], rest, replacement))) as T;
  }
  if (!isJsonObject(value) || !Object.hasOwn(value, step)) return value;
  return { ...value, [step]: withValueAt(value[step], rest, replacement) };
}

/** Negative indexes count from the end. */
function indexOf(step: string, length: number): number | undefined {
  if (!/^-?\d+$/.test(step)) return undefined;
  const index = Number(step) < 0 ? length + Number(step) : Number(step);
  return index >= 0 && index < length ? index : undefined;
}
