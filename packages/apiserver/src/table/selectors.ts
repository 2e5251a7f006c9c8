import { isJsonObject } from '@sluice/core';
import { selectorText as textOfSelector } from '../kinds/index.js';

/** Labels as `a=b,c=d`; `<none>` when there are none. */
export function labelsText(labels: unknown): string {
  if (!isJsonObject(labels) || Object.keys(labels).length === 0) return '<none>';
  return Object.keys(labels)
    .sort()
    .map((key) => `${key}=${String(labels[key])}`)
    .join(',');
}

/** A LabelSelector as `a=b,c in (d,e),!f`; `<none>` for an empty one. */
export function selectorText(selector: unknown): string {
  return textOfSelector(selector) || '<none>';
}
