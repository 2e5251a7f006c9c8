import { type KubeObject, age, isJsonObject } from '@sluice/core';
import type { PrinterColumn, Resource } from '../registry/resource.js';
import { readJsonPath } from './json-path.js';

/** The cells of a custom resource: what its definition's columns find. */
export function customCells({ custom }: Resource, object: KubeObject, now: number): unknown[] {
  const columns = custom?.version.additionalPrinterColumns ?? [];
  const name = object.metadata.name ?? '';
  if (columns.length === 0) return [name, age(object.metadata.creationTimestamp, now)];
  return [name, ...columns.map((column) => cell(column, object, now))];
}

function cell({ type, jsonPath }: PrinterColumn, object: KubeObject, now: number): unknown {
  const found = readJsonPath(jsonPath, object);
  const [value] = found;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      if (value === undefined || value === null) return null;
      return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? age(value, now) : '<invalid>';
    default:
      return found.length === 0 ? null : found.map(shown).join(' ');
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value);
}
