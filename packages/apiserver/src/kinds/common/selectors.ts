import { deepEqual } from '@sluice/core';
import { invalid, required, forbidden, notSupported, type FieldError } from '@sluice/schema';
import { isSet, itemsOf, mapOf, stringsOf, textOf, fieldsOf, type Fields } from './fields.js';
import { validateLabels } from './meta.js';
import { check, labelValue, qualifiedName } from './names.js';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Faults of a label selector. */
export function validateSelector(selector: unknown, faults: FieldError[], path: string): void {
  if (!isSet(selector)) return;
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  validateLabels(matchLabels, faults, `${path}.matchLabels`);
  for (const [index, expression] of itemsOf(matchExpressions).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    const operator = textOf(expression['operator']);
    const values = stringsOf(expression['values']);
    if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
      faults.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
      faults.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else if (!OPERATORS.includes(operator)) {
      faults.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'));
    }
    check(faults, `${at}.key`, textOf(expression['key']), qualifiedName);
    for (const [position, value] of values.entries()) check(faults, `${at}.values[${position}]`, value, labelValue);
  }
}

/** Whether a selector says nothing, and so selects everything. */
export function isEmptySelector(selector: unknown): boolean {
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  return Object.keys(mapOf(matchLabels)).length === 0 && itemsOf(matchExpressions).length === 0;
}

/** Whether a label selector selects an object with these labels. An absent selector selects nothing, an empty one everything. */
export function selects(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  if (!isSet(selector)) return false;
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  const wanted = mapOf(matchLabels);
  for (const key of Object.keys(wanted)) if (!Object.hasOwn(labels, key) || labels[key] !== wanted[key]) return false;
  return itemsOf(matchExpressions).every((expression) => selectsExpression(expression, labels));
}

function selectsExpression(expression: Fields, labels: Readonly<Record<string, string>>): boolean {
  const key = textOf(expression['key']);
  const has = Object.hasOwn(labels, key);
  switch (textOf(expression['operator'])) {
    case 'In':
      return has && stringsOf(expression['values']).includes(labels[key] ?? '');
    case 'NotIn':
      return !has || !stringsOf(expression['values']).includes(labels[key] ?? '');
    case 'Exists':
      return has;
    case 'DoesNotExist':
      return !has;
    default:
      return false;
  }
}

/** Labels in the order in which the API server shows them. */
export function shownLabels(labels: unknown): unknown {
  if (!isSet(labels)) return null;
  return Object.fromEntries(Object.entries(mapOf(labels)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A selector in the order in which the API server shows it. */
export function shownSelector(selector: unknown): unknown {
  if (!isSet(selector)) return null;
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  return {
    ...(isSet(matchLabels) && { matchLabels: shownLabels(matchLabels) }),
    ...(isSet(matchExpressions) && { matchExpressions }),
  };
}

/** `field is immutable`, for a selector. */
export function immutableSelector(next: unknown, live: unknown, faults: FieldError[], path: string): void {
  if (!deepEqual(next ?? null, live ?? null)) faults.push(invalid(path, shownSelector(next), 'field is immutable'));
}

/** A value out of a fixed set. */
export function checkOneOf(faults: FieldError[], path: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) faults.push(notSupported(path, value, allowed));
}

/** A label selector as people type it: `a=b,c in (d,e),!f`. */
export function selectorText(selector: unknown): string {
  if (!isSet(selector)) return '';
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  const parts = Object.entries(mapOf(matchLabels)).map(([key, value]): [string, string] => [key, `${key}=${value}`]);
  for (const expression of itemsOf(matchExpressions)) {
    const key = textOf(expression['key']);
    const values = [...stringsOf(expression['values'])].sort().join(',');
    switch (textOf(expression['operator'])) {
      case 'In':
        parts.push([key, `${key} in (${values})`]);
        break;
      case 'NotIn':
        parts.push([key, `${key} notin (${values})`]);
        break;
      case 'Exists':
        parts.push([key, key]);
        break;
      default:
        parts.push([key, `!${key}`]);
    }
  }
  return parts
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join(',');
}
