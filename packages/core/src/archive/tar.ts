import { SluiceError } from '../errors.js';

/** The reading half of tar: the ustar, GNU and pax formats. One 512-byte header, then the content padded to the next 512 bytes. */

export const tarBlockSize = 512;

export interface TarHeader {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link' | 'other';
  readonly size: number;
  readonly executable: boolean;
  /** Where a link leads. */
  readonly target?: string;
}

/** What comes after a header: nothing more; an extended header of that many bytes; an entry with that many. */
export type TarStep =
  | { readonly kind: 'end' }
  | { readonly kind: 'extension'; readonly size: number; readonly typeFlag: string }
  | { readonly kind: 'entry'; readonly size: number; readonly entry: TarHeader };

/** The largest extended header or long name that is read. */
const maxExtensionBytes = 1024 * 1024;

/** How many bytes of padding follow a content of that size. */
export function tarPadding(size: number): number {
  return (tarBlockSize - (size % tarBlockSize)) % tarBlockSize;
}

/** The sum that a header carries of itself. */
export function tarChecksum(block: Uint8Array): number {
  // Where the sum itself is there are spaces.
  let sum = 8 * 32;
  for (let at = 0; at < 148; at++) sum += block[at]!;
  for (let at = 156; at < tarBlockSize; at++) sum += block[at]!;
  return sum;
}

/**
 * Makes sense of an archive's headers, one after the other. Whoever reads the archive takes the blocks from it and hands
 * the content of extended headers back. Paths are as the archive has them: the caller judges them.
 */
export class TarHeaders {
  #extension: Record<string, string> = {};

  /** A block where a header must be. */
  header(block: Buffer): TarStep {
    if (block.every((byte) => byte === 0)) return { kind: 'end' };
    if (parseOctal(block, 148, 8) !== tarChecksum(block)) throw tarInvalid('a header does not match its checksum');
    const typeFlag = String.fromCharCode(block[156] ?? 0);
    const extension = this.#extension;
    const size = extension.size === undefined ? parseSize(block) : Number(extension.size);
    if (!Number.isSafeInteger(size) || size < 0) throw tarInvalid('an entry has an impossible size');
    if (typeFlag === 'x' || typeFlag === 'g' || typeFlag === 'L' || typeFlag === 'K') {
      if (size > maxExtensionBytes) throw tarInvalid('an extended header is too large');
      return { kind: 'extension', size, typeFlag };
    }
    this.#extension = {};
    const prefix = text(block, 257, 6).startsWith('ustar') ? text(block, 345, 155) : '';
    const plain = text(block, 0, 100);
    const path = extension.path ?? (prefix === '' ? plain : `${prefix}/${plain}`);
    const type = typeOf(typeFlag, path);
    return {
      kind: 'entry',
      size,
      entry: {
        path,
        type,
        size: type === 'file' ? size : 0,
        executable: (parseOctal(block, 100, 8) & 0o100) !== 0,
        ...(type === 'link' && { target: extension.linkpath ?? text(block, 157, 100) }),
      },
    };
  }

  /** The content of an extended header: it is about the next entry. */
  extension(typeFlag: string, content: Buffer): void {
    if (typeFlag === 'x') Object.assign(this.#extension, parsePax(content));
    else if (typeFlag === 'L') this.#extension.path = text(content, 0, content.length);
    else if (typeFlag === 'K') this.#extension.linkpath = text(content, 0, content.length);
  }
}

/** All entries of an archive in memory, with the content of files. Contents share the archive's memory. */
export function* readTarFiles(archive: Buffer): Generator<TarHeader & { readonly content: Uint8Array }> {
  const headers = new TarHeaders();
  for (let at = 0; ;) {
    if (at + tarBlockSize > archive.length) throw tarInvalid('it ends before its end mark');
    const step = headers.header(archive.subarray(at, at + tarBlockSize));
    if (step.kind === 'end') return;
    at += tarBlockSize;
    if (at + step.size > archive.length) throw tarInvalid('it ends in an entry');
    const content = archive.subarray(at, at + step.size);
    at += step.size + tarPadding(step.size);
    if (step.kind === 'extension') headers.extension(step.typeFlag, content);
    else yield { ...step.entry, content };
  }
}

/** The error of an archive that does not parse. */
export function tarInvalid(why: string): SluiceError {
  return new SluiceError('ArchiveInvalid', `the archive is broken: ${why}`);
}

function typeOf(typeFlag: string, path: string): TarHeader['type'] {
  switch (typeFlag) {
    case '0':
    case '\0':
    case '7':
      return path.endsWith('/') ? 'directory' : 'file';
    case '5':
      return 'directory';
    case '1':
    case '2':
      return 'link';
    default:
      return 'other';
  }
}

function parseSize(block: Buffer): number {
  // The base-256 form of large sizes.
  if (((block[124] ?? 0) & 0x80) !== 0) {
    let value = (block[124] ?? 0) & 0x7f;
    for (let at = 125; at < 136; at++) value = value * 256 + (block[at] ?? 0);
    return value;
  }
  return parseOctal(block, 124, 12);
}

function parseOctal(block: Buffer, at: number, length: number): number {
  const digits = text(block, at, length).trim();
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw tarInvalid('a header has a number that is none');
  return Number.parseInt(digits, 8);
}

function parsePax(content: Buffer): Record<string, string> {
  const records: Record<string, string> = {};
  let at = 0;
  while (at < content.length) {
    const space = content.indexOf(32, at);
    const length = space < 0 ? Number.NaN : Number(content.toString('latin1', at, space));
    const end = at + length;
    if (!Number.isInteger(length) || length <= space - at || end > content.length) throw tarInvalid('an extended header does not parse');
    const record = content.toString('utf8', space + 1, end - 1);
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    if (key === 'path' || key === 'linkpath' || key === 'size') records[key] = record.slice(equals + 1);
    at = end;
  }
  return records;
}

function text(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString('utf8', at, end < 0 || end > at + length ? at + length : end);
}
