import { isJsonObject } from '@sluice/core';
import { type FieldError, invalid } from '../field-error.js';

/** Where a custom resource says how many it is: `subresources.scale` of its definition. */
export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

const MAX_INT32 = 2_147_483_647;

/** The faults of what a custom resource has at the paths of its scale. */
export function validateScale(value: unknown, { specReplicasPath, statusReplicasPath, labelSelectorPath = '' }: ScalePaths): FieldError[] {
  const errors: FieldError[] = [];
  for (const path of [specReplicasPath, statusReplicasPath]) {
    const { found, fault } = read(value, path, 'int64');
    if (fault !== undefined) errors.push(invalid(path, 0, fault));
    else if (typeof found === 'number' && found < 0) errors.push(invalid(path, found, 'should be a non-negative integer'));
    else if (typeof found === 'number' && found > MAX_INT32)
      errors.push(invalid(path, found, `should be less than or equal to ${MAX_INT32}`));
  }
  if (labelSelectorPath !== '') {
    const { fault } = read(value, labelSelectorPath, 'string');
    if (fault !== undefined) errors.push(invalid(labelSelectorPath, '', fault));
  }
  return errors;
}

function read(value: unknown, path: string, wanted: 'int64' | 'string'): { found?: unknown; fault?: string } {
  let found: unknown = value;
  let at = '';
  for (const key of path.replace(/^\./, '').split('.')) {
    if (found === undefined) return {};
    if (!isJsonObject(found)) return { fault: accessor(at, found, 'map[string]interface {}') };
    at = `${at}.${key}`;
    found = Object.hasOwn(found, key) ? found[key] : undefined;
  }
  if (found === undefined) return {};
  const isFit = wanted === 'string' ? typeof found === 'string' : typeof found === 'number' && Number.isInteger(found);
  return isFit ? { found } : { fault: accessor(at, found, wanted) };
}

function accessor(path: string, value: unknown, wanted: string): string {
  const shown = typeof value === 'string' ? value : value === null ? '<nil>' : JSON.stringify(value);
  const type = Array.isArray(value)
    ? '[]interface {}'
    : value === null
      ? '<nil>'
      : typeof value === 'object'
        ? 'map[string]interface {}'
        : typeof value === 'number'
          ? Number.isInteger(value)
            ? 'int64'
            : 'float64'
          : typeof value === 'boolean'
            ? 'bool'
            : 'string';
  return `${path} accessor error: ${shown} is of the type ${type}, expected ${wanted}`;
}
