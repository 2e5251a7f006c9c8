import { printable } from './printable.js';

/** Cells that a terminal shows as they are, each character in a column of its own. */
const PLAIN = /^[ -~]*$/;

/**
 * A table as Flux prints it: upper-case headers, cells padded to their column and followed by a tab. The header's last
 * cell is a space wider than its column. A cell of several lines makes its row as high.
 */
export function printTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = rows.reduce((most, row) => Math.max(most, row.length), headers.length);
  const safeRows = rows.flatMap((row) => linesOf(row, columns));
  const widths = Array.from({ length: columns }, (_, column) => displayWidth(headers[column] ?? ''));
  for (const row of safeRows)
    for (let column = 0; column < row.length; column++) widths[column] = Math.max(widths[column] ?? 0, displayWidth(row[column] ?? ''));
  const pad = (cell: string, column: number): string => cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell));
  let table = headers.length === 0 ? '' : `${headers.map((header, column) => pad(header.toUpperCase(), column)).join('\t')} \n`;
  for (const row of safeRows) {
    for (let column = 0; column < row.length; column++) table += `${pad(row[column] ?? '', column)}\t`;
    table += '\n';
  }
  return table;
}

/** A row as the lines that it takes, without control characters: a message must neither break the table nor drive the terminal. */
function linesOf(row: readonly string[], columns: number): readonly (readonly string[])[] {
  if (row.every((cell) => PLAIN.test(cell))) return [row];
  const cells = row.map((cell) => cell.split('\n').map((line) => printable(line.replace(/[\r\t]+/g, ' '))));
  const height = Math.max(1, ...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    // What fills up a cell is two spaces wide, however narrow the column.
    Array.from({ length: Math.min(columns, cells.length) }, (_, column) => cells[column]?.[line] ?? '  '),
  );
}

function displayWidth(cell: string): number {
  if (PLAIN.test(cell)) return cell.length;
  // What takes two columns of a terminal. Where it is needed: it takes milliseconds to make.
  const wide =
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
  let width = 0;
  for (const char of cell) if (!/\p{Mark}/u.test(char)) width += wide.test(char) ? 2 : 1;
  return width;
}
