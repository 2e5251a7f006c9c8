import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '@sluice/core';

const algorithms = new Set(['sha1', 'sha256', 'sha512']);

/**
 * Checks a signature like `sha256=…` over a body.
 *
 * @throws {SluiceError} `WebhookRefused`
 */
export function checkSignature(signature: string, body: Uint8Array, key: string): void {
  if (signature === '') throw refused('missing signature');
  const [algorithm = '', digest, ...rest] = signature.split('=');
  if (digest === undefined || rest.length > 0) throw refused(`error parsing signature ${JSON.stringify(signature)}`);
  if (!algorithms.has(algorithm)) throw refused(`unknown hash type prefix: ${JSON.stringify(algorithm)}`);
  if (!/^(?:[\da-f]{2})*$/iu.test(digest)) throw refused(`error decoding signature ${JSON.stringify(signature)}`);
  const wanted = createHmac(algorithm, key).update(body).digest();
  if (!sameBytes(Buffer.from(digest, 'hex'), wanted)) throw refused('payload signature check failed');
}

/** Whether two texts are equal, in a time that does not tell how far they agree. */
export function sameText(a: string, b: string): boolean {
  return sameBytes(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

const refused = (message: string): SluiceError => new SluiceError('WebhookRefused', message);
