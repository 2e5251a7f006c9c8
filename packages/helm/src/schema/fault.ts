import type { Json } from '@sluice/core';
import { printValue } from '../values/go-text.js';

/** What is wrong with a value, and what is behind that. */
export interface Fault {
  readonly path: readonly string[];
  readonly message: string;
  /** A group says nothing of its own; it is left out where the faults in it are what there is. */
  readonly kind?: 'group' | 'reference';
  readonly causes?: readonly Fault[];
}

/** Faults as a list, those that are behind others below them. */
export function printFaults(fault: Fault): string {
  const lines: string[] = [];
  for (const item of fault.kind === 'group' ? (fault.causes ?? []) : [fault]) print(item, 0, lines);
  return lines.join('\n');
}

function print(fault: Fault, indent: number, lines: string[]): void {
  const causes = fault.causes ?? [];
  // A $ref with one fault behind it is only how that was found.
  const isShown = !(fault.kind === 'reference' && causes.length === 1);
  if (isShown) lines.push(`${'  '.repeat(indent)}- at ${quoted(fault.path.map((key) => `/${escaped(key)}`).join(''))}: ${fault.message}`);
  for (const cause of causes) print(cause, isShown ? indent + 1 : indent, lines);
}

export function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

export function quotedList(texts: readonly string[]): string {
  return texts.map(quoted).join(', ');
}

/** A value of a schema in a message. */
export function shown(value: Json): string {
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'object' && value !== null ? 'value' : printValue(value);
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
