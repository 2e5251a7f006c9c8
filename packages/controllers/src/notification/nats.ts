import { createPrivateKey, sign } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { createInterface } from 'node:readline';
import { errorMessage, SluiceError } from '@sluice/core';
import type { NatsMessage } from '@sluice/notifications';
import { hostOf, openSocket, type SocketAccess } from './socket.js';

const DEFAULT_PORT = 4222;

/**
 * Publishes one message by NATS' text protocol: the server says who it is, we say who we are, publish, and a PING that is
 * answered shows that it was taken.
 */
export async function publishNats(message: NatsMessage, tls: ConnectionOptions, access: SocketAccess): Promise<void> {
  if (/[\s\0]/u.test(message.subject)) throw failed(message, 'a subject has no spaces');
  const url = parseServer(message.server);
  const { signal } = access;
  let socket: Socket;
  try {
    socket = await openSocket(url, DEFAULT_PORT, access);
  } catch (error) {
    throw failed(message, errorMessage(error));
  }
  const onAbort = (): void => void socket.destroy(new Error('no answer in time'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const info = JSON.parse((await nextLine(socket, 'INFO ')).slice('INFO '.length)) as ServerInfo;
    if (url.protocol === 'tls:' || info.tls_required === true) {
      const host = hostOf(url);
      socket = connectTls({ socket, ...(isIP(host) === 0 ? { servername: host } : { host }), ...tls });
    }
    const body = Buffer.from(message.body);
    socket.write(`CONNECT ${JSON.stringify(greeting(message, info.nonce ?? ''))}\r\nPUB ${message.subject} ${body.length}\r\n`);
    socket.write(body);
    socket.write('\r\nPING\r\n');
    await nextLine(socket, 'PONG');
  } catch (error) {
    throw failed(message, errorMessage(error));
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

interface ServerInfo {
  readonly nonce?: string;
  readonly tls_required?: boolean;
}

function parseServer(server: string): URL {
  const text = server.includes('://') ? server : `nats://${server}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
    throw new SluiceError('ProviderInvalid', 'the address of a NATS server is like nats://host:4222 or tls://host:4222');
  }
  return url;
}

function greeting({ login }: NatsMessage, nonce: string): object {
  const common = { verbose: false, pedantic: false, name: 'NATS Provider Publisher', lang: 'node', version: '1', protocol: 1 };
  switch (login.kind) {
    case 'none':
      return common;
    case 'user':
      return { ...common, user: login.username, pass: login.password };
    case 'nkey': {
      const { key, publicText } = readSeed(login.seed);
      return { ...common, nkey: publicText, sig: sign(null, Buffer.from(nonce), key).toString('base64url') };
    }
    case 'creds': {
      const [jwt, seed] = [...login.text.matchAll(/-----BEGIN [A-Z ]+-----\s*([\w.-]+)\s*-+END [A-Z ]+-+/gu)].map((match) => match[1]);
      if (jwt === undefined || seed === undefined) throw new Error('the credentials hold no JWT with a seed');
      return { ...common, jwt, sig: sign(null, Buffer.from(nonce), readSeed(seed).key).toString('base64url') };
    }
  }
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** An Ed25519 private key in PKCS #8, up to its 32 bytes. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A seed of an nkey: two bytes that say whose it is, 32 of the key, two of a checksum. */
function readSeed(text: string) {
  const bytes = base32(text.trim());
  if (bytes.length !== 36 || crc16(bytes.subarray(0, 34)) !== bytes.readUInt16LE(34)) throw new Error('the seed of the nkey is none');
  const kind = ((bytes.readUInt8(0) & 0x07) << 5) | (bytes.readUInt8(1) >> 3);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, bytes.subarray(2, 34)]), format: 'der', type: 'pkcs8' });
  const { x = '' } = key.export({ format: 'jwk' });
  const body = Buffer.concat([Buffer.from([kind]), Buffer.from(x, 'base64url')]);
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(crc16(body));
  return { key, publicText: toBase32(Buffer.concat([body, checksum])) };
}

function base32(text: string): Buffer {
  let bits = '';
  for (const letter of text) {
    const value = BASE32.indexOf(letter);
    if (value < 0) throw new Error('the seed of the nkey is none');
    bits += value.toString(2).padStart(5, '0');
  }
  return Buffer.from((bits.match(/.{8}/gu) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

function toBase32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/gu) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc;
}

/** More than this is no line of a server's. */
const MAX_LINE_BYTES = 1024 * 1024;

/** The next line that begins so; an error that the server tells instead is thrown. */
function nextLine(socket: Socket, wanted: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: socket, terminal: false });
    const end = (finish: () => void): void => {
      // First: closing tells of an end too.
      finish();
      socket.off('error', onError);
      socket.off('data', onData);
      lines.close();
    };
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > MAX_LINE_BYTES) end(() => reject(new Error('the server says more than a line')));
    };
    const onError = (error: Error): void => end(() => reject(error));
    socket.once('error', onError);
    socket.on('data', onData);
    lines.once('close', () => reject(new Error('the server closed the connection')));
    lines.on('line', (line) => {
      if (line.startsWith(wanted)) end(() => resolve(line));
      else if (line.startsWith('-ERR')) end(() => reject(new Error(line.slice('-ERR'.length).trim())));
    });
  });
}

const failed = ({ subject }: NatsMessage, why: string): SluiceError =>
  new SluiceError('ProviderFailed', `error publishing event to subject ${subject}: ${why}`);
