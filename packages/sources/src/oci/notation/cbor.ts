import { SluiceError } from '@sluice/core';

/** A value of CBOR; keys of maps are texts, or the texts of numbers. A time (tag 1) is its number of seconds. */
export type CborValue = number | string | boolean | null | Buffer | readonly CborValue[] | ReadonlyMap<string, CborValue>;

const maxDepth = 16;

/** Reads one value of CBOR, of the kinds that COSE has, with lengths that are stated. Nothing may follow it. */
export function readCbor(bytes: Buffer): CborValue {
  const reader = new CborReader(bytes);
  const value = reader.value();
  if (!reader.isAtEnd()) throw broken('something follows its end');
  return value;
}

/** Bytes as CBOR writes them, and the head of a list: what COSE needs to be written. */
export function writeBytes(content: Uint8Array): Buffer {
  return Buffer.concat([head(2, content.length), content]);
}

export function writeText(text: string): Buffer {
  return Buffer.concat([head(3, Buffer.byteLength(text)), Buffer.from(text)]);
}

export function writeList(items: readonly Buffer[]): Buffer {
  return Buffer.concat([head(4, items.length), ...items]);
}

function head(major: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(major << 5) | count]);
  const size = count < 0x100 ? 1 : count < 0x10000 ? 2 : 4;
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = (major << 5) | (size === 1 ? 24 : size === 2 ? 25 : 26);
  bytes.writeUIntBE(count, 1, size);
  return bytes;
}

class CborReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth = 0): CborValue {
    if (depth > maxDepth) throw broken('it is too deep');
    const first = this.#take(1)[0] ?? 0;
    const major = first >> 5;
    if (major === 7) return this.#simple(first & 31);
    const count = this.#count(first & 31);
    switch (major) {
      case 0:
        return count;
      case 1:
        return -1 - count;
      case 2:
        return this.#take(count);
      case 3:
        return this.#take(count).toString('utf8');
      case 4:
        return this.#items(count, () => this.value(depth + 1));
      case 5:
        return new Map(this.#items(count, () => [this.#key(depth), this.value(depth + 1)] as const));
      default:
        // A tag says what a value means; here the place says it.
        return this.value(depth + 1);
    }
  }

  #key(depth: number): string {
    const key = this.value(depth + 1);
    if (typeof key !== 'string' && typeof key !== 'number') throw broken('a key is neither text nor number');
    return String(key);
  }

  #items<T>(count: number, read: () => T): T[] {
    // Each takes a byte at least.
    if (count > this.#bytes.length - this.#at) throw broken('it ends too early');
    return Array.from({ length: count }, read);
  }

  #simple(info: number): CborValue {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22 || info === 23) return null;
    if (info === 27) return this.#take(8).readDoubleBE();
    throw broken('it has a value of an unknown kind');
  }

  #count(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#take(1).readUInt8();
    if (info === 25) return this.#take(2).readUInt16BE();
    if (info === 26) return this.#take(4).readUInt32BE();
    const count = info === 27 ? Number(this.#take(8).readBigUInt64BE()) : Number.NaN;
    if (!Number.isSafeInteger(count)) throw broken('it has a length that is not stated, or too large');
    return count;
  }

  #take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw broken('it ends too early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

function broken(why: string): SluiceError {
  return new SluiceError('SignatureInvalid', `the signature envelope is no CBOR: ${why}`);
}
