/** A message that ends too early, or holds what no message holds. */
export class WireFault extends Error {
  override readonly name = 'WireFault';
}

export type WireValue =
  | { readonly kind: 'varint'; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly value: Buffer }
  | { readonly kind: 'fixed64'; readonly value: Buffer }
  | { readonly kind: 'fixed32'; readonly value: Buffer };

/** The fields of a protobuf message, in the order in which they come. */
export function* readFields(message: Buffer): Generator<[number: number, value: WireValue]> {
  const reader = new Reader(message);
  while (!reader.atEnd) {
    const tag = Number(reader.varint());
    const number = tag >>> 3;
    if (number === 0) throw new WireFault('illegal tag 0');
    switch (tag & 7) {
      case 0:
        yield [number, { kind: 'varint', value: reader.varint() }];
        break;
      case 1:
        yield [number, { kind: 'fixed64', value: reader.bytes(8) }];
        break;
      case 2:
        yield [number, { kind: 'bytes', value: reader.bytes(Number(reader.varint())) }];
        break;
      case 5:
        yield [number, { kind: 'fixed32', value: reader.bytes(4) }];
        break;
      default:
        throw new WireFault(`illegal wireType ${tag & 7}`);
    }
  }
}

/** The varints of a packed list. */
export function* readPacked(bytes: Buffer): Generator<bigint> {
  const reader = new Reader(bytes);
  while (!reader.atEnd) yield reader.varint();
}

class Reader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get atEnd(): boolean {
    return this.#at >= this.#buffer.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#buffer[this.#at++];
      if (byte === undefined) throw new WireFault('unexpected EOF');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new WireFault('integer overflow');
  }

  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (length < 0 || end > this.#buffer.length) throw new WireFault('unexpected EOF');
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
