import { SluiceError, type ErrorReason } from '@sluice/core';

/** Where in a text something is: an offset, and the line and column (from 0) it falls on. */
export interface Mark {
  readonly index: number;
  readonly line: number;
  readonly column: number;
}

/** What an error needs to know about the text it comes from. */
export interface Source {
  readonly text: string;
  readonly file?: string | undefined;
  /** The text holds secrets: errors must not quote it. */
  readonly confidential?: boolean | undefined;
}

/**
 * A YAML text that can't be read. The message begins with what the Go tools say (`yaml: line 3: …`: people and tools
 * match on it), followed by the place and the line itself. Beware that Go's own line is often one off; `place` is exact.
 */
export class YamlError extends SluiceError {
  /** The first line of the message, as Go has it. */
  readonly text: string;

  constructor(reason: ErrorReason, text: string, source: Source, mark?: Mark) {
    const file = source.file;
    const place = mark === undefined ? {} : { line: mark.line + 1, column: mark.column + 1 };
    super(reason, text + whereText(source, mark), { place: { ...(file === undefined ? {} : { file }), ...place } });
    this.text = text;
  }
}

/** The mark of an offset, counted out. For errors only. */
export function markAt(text: string, index: number): Mark {
  const before = text.slice(0, index).split(/\r\n|[\n\r\u0085\u2028\u2029]/);
  return { index, line: before.length - 1, column: before.at(-1)?.length ?? 0 };
}

const SNIPPET_WIDTH = 100;

function whereText(source: Source, mark: Mark | undefined): string {
  if (mark === undefined) return source.file === undefined ? '' : `\n  in ${source.file}`;
  const line = String(mark.line + 1);
  const header = `\n  at ${source.file === undefined ? 'line ' : `${source.file}:`}${line}:${mark.column + 1}`;
  if (source.confidential === true) return header;
  const start = Math.max(mark.index - mark.column, mark.index - SNIPPET_WIDTH / 2, 0);
  const rest = source.text.slice(start, start + SNIPPET_WIDTH);
  const shown = (/^[^\n\r\0\u0085\u2028\u2029]*/.exec(rest)?.[0] ?? '').replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '·');
  const gutter = ' '.repeat(line.length);
  return `${header}\n  ${line} | ${shown}\n  ${gutter} | ${' '.repeat(Math.max(mark.index - start, 0))}^`;
}
