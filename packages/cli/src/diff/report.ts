import { isJsonObject, type Json } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import type { Change, Difference } from './differences.js';

/** Blocks stand beside each other where a line of this length has room for them. */
const LINE_LENGTH = 80;
const GAP = '   ';

const NUMBERS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'];

/** Differences as text for people, each below the place where it is. */
export function differenceReport(differences: readonly Difference[]): string {
  const parts = differences.map(({ path, changes }) => {
    const place = path.length === 0 ? '(root level)' : path.join('.');
    return `
${place}
${besides(changes.map(blockOf))}`;
  });
  return `${parts.join('')}
`;
}

/** Two blocks of lines as columns, or below each other where they are too wide. */
function besides(blocks: readonly string[][]): string {
  const widths = blocks.map((block) => Math.max(...block.map((line) => line.length)));
  const [left, right, ...more] = blocks;
  const width = widths.reduce((sum, each) => sum + each, 0) + GAP.length * (blocks.length - 1);
  if (left === undefined || right === undefined || more.length > 0 || width > LINE_LENGTH)
    return blocks.map((block) => block.map((line) => `${line}\n`).join('')).join('');
  // The entries of the left column stand below its mark, as people's eyes and Flux's tests know it.
  const column = left.map((line, index) => (index === 0 ? line : line.trimStart()));
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const cell = (column[index] ?? '').padEnd(widths[0] ?? 0);
    return `${`${cell}${GAP}${right[index] ?? ''}`.trimEnd()}\n`;
  });
  return rows.join('');
}

function blockOf(change: Change): string[] {
  switch (change.type) {
    case 'value':
      return valueBlock(change.from, change.to);
    case 'order':
      return ['⇆ order changed', `- ${change.from.join(', ')}`, `+ ${change.to.join(', ')}`];
    default: {
      const count = change.of === 'map' ? Object.keys(change.entries).length : change.entries.length;
      const noun = change.of === 'map' ? ['map entry', 'map entries'] : ['list entry', 'list entries'];
      const head = `${change.type === 'added' ? '+' : '-'} ${NUMBERS[count] ?? String(count)} ${count === 1 ? noun[0] : noun[1]} ${change.type}:`;
      return [head, ...neatLines(change.entries as Json).map((line) => `  ${line}`)];
    }
  }
}

function valueBlock(from: Json, to: Json): string[] {
  const [before, after] = [typeName(from), typeName(to)];
  if (before !== after) return [`± type change from ${before} to ${after}`, ...marked('-', from), ...marked('+', to)];
  const isLong = [from, to].some((value) => typeof value === 'string' && value.trimEnd().includes('\n'));
  return [isLong ? '± value change in multiline text' : '± value change', ...marked('-', from), ...marked('+', to)];
}

function marked(mark: string, value: Json): string[] {
  const text =
    typeof value === 'string' ? value : isJsonObject(value) || Array.isArray(value) ? neatLines(value).join('\n') : scalar(value);
  return text.split('\n').map((line) => `${mark} ${line}`);
}

function typeName(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return typeof value === 'object' ? 'map' : typeof value === 'boolean' ? 'bool' : 'string';
}

/** YAML with as few quotes as there can be. */
function neatLines(value: Json): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((entry) => neatLines(entry).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`));
  }
  if (!isJsonObject(value)) return [scalar(value)];
  return Object.entries(value as Readonly<Record<string, Json>>).flatMap(([key, entry]) => {
    const isNested = (Array.isArray(entry) && entry.length > 0) || (isJsonObject(entry) && Object.keys(entry).length > 0);
    if (!isNested) return [`${key}: ${scalar(entry)}`.trimEnd()];
    return [`${key}:`, ...neatLines(entry).map((line) => (Array.isArray(entry) ? line : `  ${line}`))];
  });
}

function scalar(value: Json): string {
  if (value === '') return '';
  if (typeof value !== 'string') return JSON.stringify(value);
  return printYaml(value).trimEnd() === value ? value : JSON.stringify(value);
}
