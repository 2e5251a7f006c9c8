import type { KubeObject } from '@sluice/core';
import { conditionsOf, textField } from '../kinds/index.js';
import { printable } from '../printable.js';

/** A line of a report; one without a value is left out. */
type Line = readonly [name: string, value: string];

/** A part of a report: its lines, with the values below each other. */
export function section(width: number, lines: readonly Line[]): string {
  return lines.map(([name, value]) => (name === '' ? '\n' : `${`${name}:`.padEnd(width)}${printable(value)}\n`)).join('');
}

/** What is traced. */
export function objectSection(width: number, object: KubeObject): string {
  const { name = '', namespace = '' } = object.metadata;
  return section(width, [
    ['Object', `${object.kind}/${name}`],
    ...(namespace === '' ? [] : ([['Namespace', namespace]] as const)),
    ['Status', 'Managed by Flux'],
  ]);
}

/** A line of an object's field; none when it is empty. */
export function optional(name: string, value: string): readonly Line[] {
  return value === '' ? [] : [[name, value]];
}

/** Name and namespace of an object, under its kind. */
export function identity(kind: string, { metadata }: KubeObject): readonly Line[] {
  return [
    [kind, metadata.name ?? ''],
    ['Namespace', metadata.namespace ?? ''],
  ];
}

/** How the last reconciliation went. */
export function readyLines(object: KubeObject, { tellsFailure = false } = {}): readonly Line[] {
  const ready = conditionsOf(object).find((condition) => condition.type === 'Ready');
  if (ready === undefined) return [['Status', 'Unknown']];
  const how = tellsFailure && ready.status === 'False' ? 'Last reconciliation failed' : 'Last reconciled';
  return [
    ['Status', `${how} at ${timeText(textField(ready, 'lastTransitionTime'))}`],
    ['Message', ready.message],
  ];
}

/** `2024-05-06 07:08:09 +0000 UTC`. */
function timeText(time: string): string {
  const moment = new Date(time);
  if (Number.isNaN(moment.getTime())) return '0001-01-01 00:00:00 +0000 UTC';
  return `${moment.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}
