/** The few pieces of DER (X.690) that a certificate is made of. */
export type Der = Buffer;

export function sequence(...parts: readonly Der[]): Der {
  return tagged(0x30, Buffer.concat(parts));
}

export function set(...parts: readonly Der[]): Der {
  return tagged(0x31, Buffer.concat(parts));
}

/** A context-specific, constructed value: `[n]`. */
export function context(number: number, content: Der): Der {
  return tagged(0xa0 + number, content);
}

/** A context-specific, primitive value: `[n] IMPLICIT`. */
export function implicit(number: number, content: Buffer): Der {
  return tagged(0x80 + number, content);
}

/** A number that is not negative, by as few bytes as DER asks for: a random one may begin with zeros. */
export function integer(value: Buffer | number): Der {
  const given = typeof value === 'number' ? Buffer.from([value]) : value;
  const first = given.findIndex((byte) => byte !== 0);
  const bytes = first < 0 ? Buffer.from([0]) : given.subarray(first);
  return tagged(0x02, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function boolean(value: boolean): Der {
  return tagged(0x01, Buffer.from([value ? 0xff : 0]));
}

export function octets(content: Buffer): Der {
  return tagged(0x04, content);
}

export function bits(content: Buffer, unused = 0): Der {
  return tagged(0x03, Buffer.concat([Buffer.from([unused]), content]));
}

export function utf8(text: string): Der {
  return tagged(0x0c, Buffer.from(text));
}

/** A time of a certificate: UTCTime until 2049, GeneralizedTime, which holds any year, from then on. */
export function time(date: Date): Der {
  const text = `${date.toISOString().slice(0, 19).replace(/[-T:]/g, '')}Z`;
  return date.getUTCFullYear() < 2050 ? tagged(0x17, Buffer.from(text.slice(2))) : tagged(0x18, Buffer.from(text));
}

/** An object identifier by its numbers: `2.5.4.3`. */
export function oid(text: string): Der {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const septets = [number & 0x7f];
    for (let high = number >>> 7; high > 0; high >>>= 7) septets.unshift((high & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return tagged(0x06, Buffer.from(bytes));
}

function tagged(tag: number, content: Buffer): Der {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content]);
}

/** A value as it is read: its tag, what is in it, and all of its bytes. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  readonly bytes: Buffer;
}

/** The values that follow each other in some bytes, as those in a sequence do. Throws a RangeError for what is no DER. */
export function readAll(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag = 0, first = 0] = bytes.subarray(at, at + 2);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + lengthBytes;
    if (lengthBytes > 4 || start > bytes.length) throw new RangeError('DER: a length that is none');
    const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
    if (start + length > bytes.length) throw new RangeError('DER: the bytes end before the value does');
    values.push({ tag, content: bytes.subarray(start, start + length), bytes: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return values;
}
