import { printable } from './printable.js';

/**
 * A table as Flux prints it: upper-case headers, cells padded to their column and followed by a tab. The header's last
 * cell is a space wider than its column.
 */
export function printTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = Math.max(headers.length, ...rows.map((row) => row.length));
  const safeRows = rows.map((row) => row.map(oneLine));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(displayWidth(headers[column] ?? ''), ...safeRows.map((row) => displayWidth(row[column] ?? ''))),
  );
  const pad = (cell: string, column: number): string => cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell));
  const lines = safeRows.map((row) => row.map((cell, column) => `${pad(cell, column)}\t`).join(''));
  if (headers.length > 0) lines.unshift(`${headers.map((header, column) => pad(header.toUpperCase(), column)).join('\t')} `);
  return lines.map((line) => `${line}\n`).join('');
}

/** A cell on one line, without control characters: a message must neither break the table nor drive the terminal. */
function oneLine(cell: string): string {
  return printable(cell.replace(/[\n\r\t]+/g, ' '));
}

function displayWidth(cell: string): number {
  return Array.from(cell).length;
}
