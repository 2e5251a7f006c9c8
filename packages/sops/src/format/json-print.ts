import { goJson } from '@sluice/core';
import { sopsError } from '../error.js';
import { Comment, Mapping, Timestamp, type Value } from '../tree.js';

/** A value as SOPS prints it: as Go's encoding/json does, one entry a line; comments are left out. `indent`: a tab, or spaces. */
export function printJsonValue(value: Value, indent = '\t', margin = ''): string {
  const inner = margin + indent;
  if (value instanceof Mapping) {
    const entries = value.items.flatMap((item) =>
      item.key instanceof Comment ? [] : [`${inner}${stringText(item.key)}: ${printJsonValue(item.value, indent, inner)}`],
    );
    return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${margin}}`;
  }
  if (Array.isArray(value)) {
    const entries = value.flatMap((item) => (item instanceof Comment ? [] : [inner + printJsonValue(item, indent, inner)]));
    return entries.length === 0 ? '[]' : `[\n${entries.join(',\n')}\n${margin}]`;
  }
  return scalarText(value);
}

function scalarText(value: Exclude<Value, Mapping | Value[]>): string {
  if (typeof value === 'string') return stringText(value);
  if (typeof value === 'number') return numberText(value);
  if (value instanceof Uint8Array) return stringText(Buffer.from(value).toString('utf8')).replaceAll('\uFFFD', String.raw`\ufffd`);
  if (value instanceof Timestamp || value instanceof Comment) return stringText(value.text);
  return String(value);
}

function stringText(text: string): string {
  return goJson(text);
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw sopsError('SopsFileInvalid', 'JSON has no infinite numbers, and none that are not numbers');
  return Object.is(value, -0) ? '-0' : String(value);
}
