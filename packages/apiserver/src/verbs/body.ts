import { asBuffer, headerOf } from '@sluice/kube';
import type { Call } from '../server/context.js';
import { StatusError } from '../server/status.js';

/** What a request's body may weigh. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

export function bodyBytes({ body }: Call): Buffer {
  return body === undefined ? Buffer.alloc(0) : typeof body === 'string' ? Buffer.from(body) : asBuffer(body);
}

export function bodyString({ body }: Call): string {
  return body === undefined ? '' : typeof body === 'string' ? body : asBuffer(body).toString('utf8');
}

export function contentTypeOf({ headers }: Call): string | undefined {
  return headerOf(headers, 'content-type');
}

export function bodyTooLarge(): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`);
}
