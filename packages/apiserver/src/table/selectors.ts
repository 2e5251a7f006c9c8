import { isJsonObject } from '@sluice/core';
import { items, text } from './value.js';

/** Labels as `a=b,c=d`; `<none>` when there are none. */
export function labelsText(labels: unknown): string {
  if (!isJsonObject(labels) || Object.keys(labels).length === 0) return '<none>';
  return Object.keys(labels)
    .sort()
    .map((key) => `${key}=${String(labels[key])}`)
    .join(',');
}

/** A LabelSelector as `a=b,c in (d,e),!f`. */
export function selectorText(selector: unknown): string {
  if (!isJsonObject(selector)) return '<none>';
  const { matchLabels } = selector;
  const terms: [key: string, term: string][] = isJsonObject(matchLabels)
    ? Object.entries(matchLabels).map(([key, value]) => [key, `${key}=${String(value)}`])
    : [];
  for (const expression of items(selector, 'matchExpressions')) {
    const key = text(expression, 'key');
    const values = [...items(expression, 'values')].sort().join(',');
    const operator = text(expression, 'operator');
    terms.push([
      key,
      operator === 'Exists' ? key : operator === 'DoesNotExist' ? `!${key}` : `${key} ${operator === 'In' ? 'in' : 'notin'} (${values})`,
    ]);
  }
  if (terms.length === 0) return '<none>';
  return terms
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, term]) => term)
    .join(',');
}
