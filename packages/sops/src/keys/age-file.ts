import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import type { AgeStanza } from './ssh.js';
import { derive, TAG_BYTES } from './x25519.js';

/** What opens a file key, if one of the stanzas of a header is for it. */
export interface AgeIdentity {
  unwrapFileKey(stanzas: readonly AgeStanza[]): Uint8Array | null;
}

const VERSION_LINE = 'age-encryption.org/v1';
const LINE_LENGTH = 64;
const NONCE_BYTES = 16;
const CHUNK_BYTES = 64 * 1024;

interface Header {
  readonly stanzas: readonly AgeStanza[];
  /** The text that the MAC is over, and the MAC. */
  readonly signed: string;
  readonly mac: Buffer;
  /** Where the payload begins. */
  readonly end: number;
}

/**
 * The content of an age file of one chunk, as all data keys are; undefined where none of the identities is for it. The
 * library reads files of any size as streams, which for so little takes ten times as long.
 */
export function openAgeFile(file: Buffer, identities: readonly AgeIdentity[]): Uint8Array | undefined {
  const header = readHeader(file);
  for (const identity of identities) {
    const fileKey = identity.unwrapFileKey(header.stanzas);
    if (fileKey === null) continue;
    const mac = createHmac('sha256', derive(fileKey, new Uint8Array(), 'header'))
      .update(header.signed, 'latin1')
      .digest();
    if (mac.length !== header.mac.length || !timingSafeEqual(mac, header.mac)) throw new Error('the header was changed');
    return openPayload(fileKey, file.subarray(header.end));
  }
  return undefined;
}

function openPayload(fileKey: Uint8Array, payload: Buffer): Uint8Array {
  const chunk = payload.subarray(NONCE_BYTES);
  if (chunk.length < TAG_BYTES || chunk.length > CHUNK_BYTES + TAG_BYTES) throw new Error('the content is not of one chunk');
  // The last chunk is marked in its nonce.
  const nonce = Buffer.alloc(12);
  nonce[11] = 1;
  const key = derive(fileKey, payload.subarray(0, NONCE_BYTES), 'payload');
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(chunk.subarray(chunk.length - TAG_BYTES));
  return Buffer.concat([decipher.update(chunk.subarray(0, chunk.length - TAG_BYTES)), decipher.final()]);
}

function readHeader(file: Buffer): Header {
  const text = file.toString('latin1');
  if (!text.startsWith(`${VERSION_LINE}\n`)) throw new Error('it does not begin as an age file does');
  const stanzas: AgeStanza[] = [];
  let at = VERSION_LINE.length + 1;
  const nextLine = (): string => {
    const end = text.indexOf('\n', at);
    if (end < 0) throw new Error('the header is cut off');
    const line = text.slice(at, end);
    at = end + 1;
    return line;
  };
  for (;;) {
    const start = at;
    const line = nextLine();
    if (line.startsWith('--- ')) return { stanzas, signed: text.slice(0, start + 3), mac: base64nopad(line.slice(4)), end: at };
    if (!line.startsWith('-> ')) throw new Error('the header does not parse');
    const body: string[] = [];
    do body.push(nextLine());
    while (body.at(-1)!.length === LINE_LENGTH);
    stanzas.push({ args: line.slice(3).split(' '), body: base64nopad(body.join('')) });
  }
}

function base64nopad(text: string): Buffer {
  if (!/^[A-Za-z0-9+/]*$/.test(text)) throw new Error('the header holds what is not base64');
  return Buffer.from(text, 'base64');
}

/** The bytes of an armoured file. */
export function unarmored(text: string): Buffer {
  const match = /^\s*-----BEGIN AGE ENCRYPTED FILE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END AGE ENCRYPTED FILE-----\s*$/.exec(text);
  if (match === null) throw new Error('the armour does not parse');
  return Buffer.from(match[1]!, 'base64');
}
