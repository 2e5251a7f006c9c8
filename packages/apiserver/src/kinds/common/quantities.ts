import { compareQuantities, formatQuantity, parseQuantity, type Quantity } from '@sluice/core';
import { fieldsOf, isSet, type Fields } from './fields.js';

/** A quantity out of an object: its syntax was checked when the object was decoded. */
export function quantityOf(value: unknown): Quantity {
  const parsed = parseQuantity(typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '0');
  return typeof parsed === 'string' ? { nano: 0n, format: 'DecimalSI' } : parsed;
}

/** Whether two quantities are the same amount, however they are written. */
export function sameQuantity(a: unknown, b: unknown): boolean {
  return a === b || compareQuantities(quantityOf(a), quantityOf(b)) === 0;
}

export function isMore(a: unknown, b: unknown): boolean {
  return compareQuantities(quantityOf(a), quantityOf(b)) > 0;
}

export function shownQuantity(value: unknown): string {
  return formatQuantity(quantityOf(value));
}

/** What an amount of bytes with a fraction is warned of with. */
export function fractionWarnings(resources: Fields, list: string, name: string, path: string): readonly string[] {
  const value = fieldsOf(resources[list])[name];
  if (!isSet(value) || quantityOf(value).nano % 1_000_000_000n === 0n) return [];
  return [`${path}.resources.${list}[${name}]: fractional byte value "${shownQuantity(value)}" is invalid, must be an integer`];
}

export function addQuantities(a: Quantity | undefined, b: Quantity): Quantity {
  return a === undefined ? b : { nano: a.nano + b.nano, format: a.format };
}
