import type { KeyObject } from 'node:crypto';
import type { AgeIdentity } from './age-file.js';
import type { AgeStanza } from './ssh.js';
import { derive, openSealed, x25519, x25519Private, x25519PublicBytes } from './x25519.js';

const LABEL = 'age-encryption.org/v1/X25519';
const PREFIX = 'AGE-SECRET-KEY-1';
const POINT_BYTES = 32;

/** An identity `AGE-SECRET-KEY-1…`, parsed once for all files; undefined where the text is not one. */
export function ageIdentity(text: string): AgeIdentity | undefined {
  const scalar = text.startsWith(PREFIX) ? bech32Bytes(text) : undefined;
  if (scalar?.length !== POINT_BYTES) return undefined;
  const secret = x25519Private(scalar);
  const own = x25519PublicBytes(secret);
  return { unwrapFileKey: (stanzas) => unwrap(secret, own, stanzas) };
}

function unwrap(secret: KeyObject, own: Uint8Array, stanzas: readonly AgeStanza[]): Uint8Array | null {
  for (const { args, body } of stanzas) {
    const share = Buffer.from(args[1] ?? '', 'base64');
    if (args[0] !== 'X25519' || args.length !== 2 || share.length !== POINT_BYTES) continue;
    const shared = agreed(secret, share);
    const fileKey = shared && openSealed(derive(shared, Buffer.concat([share, own]), LABEL), body);
    if (fileKey !== undefined) return fileKey;
  }
  return null;
}

/** Points of low order agree on nothing. */
function agreed(secret: KeyObject, share: Uint8Array): Uint8Array | undefined {
  try {
    return x25519(secret, share);
  } catch {
    return undefined;
  }
}

const CHARACTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM_LENGTH = 6;

/** The bytes of a Bech32 text; undefined where its checksum is wrong. */
function bech32Bytes(text: string): Uint8Array | undefined {
  const lower = text.toLowerCase();
  const split = lower.lastIndexOf('1');
  const prefix = lower.slice(0, split);
  const values = Array.from(lower.slice(split + 1), (character) => CHARACTERS.indexOf(character));
  const expanded = [...Buffer.from(prefix).map((code) => code >> 5), 0, ...Buffer.from(prefix).map((code) => code & 31)];
  if (values.includes(-1) || checksum([...expanded, ...values]) !== 1) return undefined;
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const value of values.slice(0, -CHECKSUM_LENGTH)) {
    bits = ((bits << 5) | value) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  return Uint8Array.from(bytes);
}

function checksum(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, term] of GENERATOR.entries()) if (((top >> bit) & 1) === 1) sum ^= term;
  }
  return sum;
}
