import { SluiceError } from '@sluice/core';

/** The format of tar archives: one 512-byte header, then the content padded to the next 512 bytes; two empty blocks end it. */

const blockSize = 512;

export interface TarHeader {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link' | 'other';
  readonly size: number;
  readonly executable: boolean;
  /** Where a link leads. */
  readonly target?: string;
}

/** The header blocks of an entry. Nothing of the machine or the moment is in them: the same tree gives the same bytes. */
export function tarHeader({ path, type, size, executable }: Omit<TarHeader, 'target'>): Buffer {
  const name = Buffer.from(path, 'utf8');
  if (name.length <= 100 && isAscii(path)) return header(name, type, size, executable);
  // A long name goes into an extended header before the entry, which itself carries as much as fits.
  const record = paxRecord('path', path);
  return Buffer.concat([
    header(Buffer.from('PaxHeaders.0/path'), 'pax', record.length, false),
    padded(record),
    header(name.subarray(0, 100), type, size, executable),
  ]);
}

/** How many bytes of padding follow a content of that size. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

export const tarEnd: Buffer = Buffer.alloc(2 * blockSize);

function header(name: Buffer, type: TarHeader['type'] | 'pax', size: number, executable: boolean): Buffer {
  const block = Buffer.alloc(blockSize);
  name.copy(block, 0);
  const octal = (at: number, length: number, value: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  };
  octal(100, 8, type === 'directory' ? 0o750 : executable ? 0o700 : 0o600);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, 0);
  block.write('        ', 148, 'latin1');
  block.write(type === 'directory' ? '5' : type === 'pax' ? 'x' : '0', 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(paddingOf(content.length))]);
}

function checksum(block: Buffer): number {
  let sum = 0;
  for (let at = 0; at < blockSize; at++) sum += at >= 148 && at < 156 ? 32 : (block[at] ?? 0);
  return sum;
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the whole range is meant
  return /^[\u0000-\u007f]*$/.test(text);
}

/** What a reader makes of an archive: an entry, then the bytes of its content, until the next entry. */
export type TarEvent = { readonly entry: TarHeader } | { readonly content: Uint8Array };

/** The largest extended header or long name that is read. */
const maxExtensionBytes = 1024 * 1024;

/**
 * Reads an archive of anybody's making, in the ustar, GNU and pax formats. Sizes that lie, headers that don't add up
 * and archives that end too early are errors. Paths are as the archive has them: the caller judges them.
 */
export async function* readTar(archive: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<TarEvent> {
  const source = new ByteReader(archive);
  let extension: Record<string, string> = {};
  for (;;) {
    const block = await source.take(blockSize);
    if (block === undefined) throw invalid('it ends before its end mark');
    if (block.every((byte) => byte === 0)) return;
    const stored = parseOctal(block, 148, 8);
    if (stored !== checksum(block)) throw invalid('a header does not match its checksum');
    const typeFlag = String.fromCharCode(block[156] ?? 0);
    const size = extension.size === undefined ? parseSize(block) : Number(extension.size);
    if (!Number.isSafeInteger(size) || size < 0) throw invalid('an entry has an impossible size');
    if (typeFlag === 'x' || typeFlag === 'g' || typeFlag === 'L' || typeFlag === 'K') {
      if (size > maxExtensionBytes) throw invalid('an extended header is too large');
      const content = await source.take(size);
      if (content === undefined || (await source.take(paddingOf(size))) === undefined) throw invalid('it ends in an extended header');
      if (typeFlag === 'x') Object.assign(extension, parsePax(content));
      else if (typeFlag === 'L') extension.path = text(content, 0, size);
      else if (typeFlag === 'K') extension.linkpath = text(content, 0, size);
      continue;
    }
    const prefix = text(block, 257, 6).startsWith('ustar') ? text(block, 345, 155) : '';
    const plain = text(block, 0, 100);
    const path = extension.path ?? (prefix === '' ? plain : `${prefix}/${plain}`);
    const type =
      typeFlag === '0' || typeFlag === '\0' || typeFlag === '7'
        ? path.endsWith('/')
          ? 'directory'
          : 'file'
        : typeFlag === '5'
          ? 'directory'
          : typeFlag === '1' || typeFlag === '2'
            ? 'link'
            : 'other';
    const isContent = type === 'file';
    yield {
      entry: {
        path,
        type,
        size: isContent ? size : 0,
        executable: (parseOctal(block, 100, 8) & 0o100) !== 0,
        ...(type === 'link' && { target: extension.linkpath ?? text(block, 157, 100) }),
      },
    };
    extension = {};
    for await (const content of source.stream(size)) if (isContent) yield { content };
    if ((await source.take(paddingOf(size))) === undefined) throw invalid('it ends in an entry');
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
  if (!/^[0-7]+$/.test(digits)) throw invalid('a header has a number that is none');
  return Number.parseInt(digits, 8);
}

function parsePax(content: Buffer): Record<string, string> {
  const records: Record<string, string> = {};
  let at = 0;
  while (at < content.length) {
    const space = content.indexOf(32, at);
    const length = space < 0 ? Number.NaN : Number(content.toString('latin1', at, space));
    const end = at + length;
    if (!Number.isInteger(length) || length <= space - at || end > content.length) throw invalid('an extended header does not parse');
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

function invalid(why: string): SluiceError {
  return new SluiceError('ArchiveInvalid', `the archive is broken: ${why}`);
}

/** Takes counted bytes from chunks of any size. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#chunks = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Exactly so many bytes; undefined when there are fewer. */
  async take(count: number): Promise<Buffer | undefined> {
    while (this.#chunk.length < count) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#chunk = Buffer.concat([this.#chunk, next.value]);
    }
    const taken = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(count);
    return taken;
  }

  /** So many bytes as they come. */
  async *stream(count: number): AsyncGenerator<Uint8Array> {
    let left = count;
    while (left > 0) {
      if (this.#chunk.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) throw invalid('it ends in an entry');
        this.#chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      }
      const part = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(part.length);
      left -= part.length;
      if (part.length > 0) yield part;
    }
  }
}
