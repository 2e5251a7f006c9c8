import { TarHeaders, tarBlockSize, tarChecksum, tarInvalid, tarPadding, type TarHeader } from '@sluice/core';

/** The format of tar archives: one 512-byte header, then the content padded to the next 512 bytes; two empty blocks end it. */

/** The header blocks of an entry. Nothing of the machine or the moment is in them: the same tree gives the same bytes. */
export function tarHeader(
  { path, type, size, executable }: Omit<TarHeader, 'target'>,
  mode: number = type === 'directory' ? 0o750 : executable ? 0o700 : 0o600,
): Buffer {
  const name = Buffer.from(path, 'utf8');
  if (name.length <= 100 && isAscii(path)) return header(name, type, size, mode);
  // A long name goes into an extended header before the entry, which itself carries as much as fits.
  const record = paxRecord('path', path);
  return Buffer.concat([
    header(Buffer.from('PaxHeaders.0/path'), 'pax', record.length, 0o600),
    padded(record),
    header(name.subarray(0, 100), type, size, mode),
  ]);
}

export const tarEnd: Buffer = Buffer.alloc(2 * tarBlockSize);

function header(name: Buffer, type: TarHeader['type'] | 'pax', size: number, mode: number): Buffer {
  const block = Buffer.alloc(tarBlockSize);
  name.copy(block, 0);
  const octal = (at: number, length: number, value: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  };
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, 0);
  block.write('        ', 148, 'latin1');
  block.write(type === 'directory' ? '5' : type === 'pax' ? 'x' : '0', 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  block.write(`${tarChecksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(tarPadding(content.length))]);
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the whole range is meant
  return /^[\u0000-\u007f]*$/.test(text);
}

/** What a reader makes of an archive: an entry, then the bytes of its content, until the next entry. */
export type TarEvent = { readonly entry: TarHeader } | { readonly content: Uint8Array };

/**
 * Reads an archive of anybody's making, as it comes. Sizes that lie, headers that don't add up and archives that end too
 * early are errors. Paths are as the archive has them: the caller judges them.
 */
export async function* readTar(archive: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<TarEvent> {
  const source = new ByteReader(archive);
  const headers = new TarHeaders();
  for (;;) {
    const block = await source.take(tarBlockSize);
    if (block === undefined) throw tarInvalid('it ends before its end mark');
    const step = headers.header(block);
    if (step.kind === 'end') return;
    if (step.kind === 'extension') {
      const content = await source.take(step.size);
      if (content === undefined || (await source.take(tarPadding(step.size))) === undefined)
        throw tarInvalid('it ends in an extended header');
      headers.extension(step.typeFlag, content);
      continue;
    }
    yield { entry: step.entry };
    for await (const content of source.stream(step.size)) if (step.entry.type === 'file') yield { content };
    if ((await source.take(tarPadding(step.size))) === undefined) throw tarInvalid('it ends in an entry');
  }
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
        if (next.done === true) throw tarInvalid('it ends in an entry');
        this.#chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      }
      const part = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(part.length);
      left -= part.length;
      if (part.length > 0) yield part;
    }
  }
}
