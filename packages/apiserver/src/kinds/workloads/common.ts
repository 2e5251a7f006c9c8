import { invalid, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, numberOf } from '../common/index.js';
import { check, checkNonNegative, percent } from '../common/names.js';

/** A number that is not negative, or a percentage. */
export function checkIntOrPercent(faults: FieldError[], path: string, value: unknown): void {
  if (typeof value === 'string') check(faults, path, value, percent);
  else checkNonNegative(faults, path, numberOf(value));
}

/** Percentages of this have no more than a whole. */
export function checkNotOverHundred(faults: FieldError[], path: string, value: unknown): void {
  if (typeof value !== 'string' || !/^[0-9]+%$/.test(value)) return;
  if (Number(value.slice(0, -1)) > 100) faults.push(invalid(path, value, 'must not be greater than 100%'));
}

/** A number or a percentage of a total, as a number. */
export function resolveIntOrPercent(value: unknown, total: number, roundUp: boolean): number {
  if (typeof value !== 'string') return numberOf(value);
  const part = (Number.parseInt(value, 10) * total) / 100;
  return roundUp ? Math.ceil(part) : Math.floor(part);
}

/** What is no number and no percentage counts as nothing. */
export function isZero(value: unknown): boolean {
  return !isSet(value) || value === 0 || (typeof value === 'string' && !/^0*[1-9]\d*%$/.test(value));
}

export function checkCounts(
  faults: FieldError[],
  path: string,
  spec: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): void {
  for (const name of names) if (isSet(spec[name])) checkNonNegative(faults, `${path}.${name}`, spec[name]);
}

/** How many at a time, as the API server shows its internal type. */
export function shownRollingUpdate(rollingUpdate: unknown): unknown {
  if (!isSet(rollingUpdate)) return null;
  const { maxUnavailable = 0, maxSurge = 0 } = fieldsOf(rollingUpdate);
  return { MaxUnavailable: maxUnavailable, MaxSurge: maxSurge };
}
