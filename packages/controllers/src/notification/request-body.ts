import { asBuffer } from '@sluice/kube';

/** What a webhook or an event may be long: 3 MiB, as in Flux. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** The bytes of a request; undefined when there are too many. */
export function requestBytes(body: string | Uint8Array = ''): Buffer | undefined {
  const bytes = typeof body === 'string' ? Buffer.from(body) : asBuffer(body);
  return bytes.length > MAX_BODY_BYTES ? undefined : bytes;
}

/** The same as text. */
export function requestText(body: string | Uint8Array = ''): string | undefined {
  if (typeof body !== 'string') return requestBytes(body)?.toString('utf8');
  return Buffer.byteLength(body) > MAX_BODY_BYTES ? undefined : body;
}
