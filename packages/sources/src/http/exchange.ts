import { SluiceError, type ErrorReason } from '@sluice/core';
import { shown, type HttpTransport, type WebAnswer, type WebRequest } from './transport.js';

const maxRedirects = 10;

/** What may go to another host: nothing that says who asks. */
const harmless = new Set(['accept', 'range', 'if-none-match', 'if-modified-since']);

/**
 * Sends a GET or HEAD and goes where it is redirected to. Another host gets no credentials, and no way leads from
 * encrypted to plain.
 */
export async function follow(transport: HttpTransport, request: WebRequest): Promise<WebAnswer> {
  let current = request;
  for (let count = 0; ; count++) {
    const answer = await transport.send(current);
    const location = answer.headers.location;
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    answer.body.destroy();
    const from = current.url;
    if (count >= maxRedirects) throw new SluiceError('SourceRefused', `${shown(request.url)}: more than ${maxRedirects} redirects`);
    const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    if (next === undefined || (next.protocol !== 'https:' && next.protocol !== 'http:')) {
      throw new SluiceError('SourceAnswerInvalid', `${shown(from)} redirects to something that is no web address`);
    }
    if (from.protocol === 'https:' && next.protocol === 'http:') {
      throw new SluiceError('SourceRefused', `${shown(from)} redirects from https to ${shown(next)}: write the final address`);
    }
    next.username = '';
    next.password = '';
    const headers =
      next.origin === from.origin
        ? current.headers
        : Object.fromEntries(Object.entries(current.headers ?? {}).filter(([name]) => harmless.has(name.toLowerCase())));
    current = { ...current, url: next, ...(headers !== undefined && { headers }) };
  }
}

/** The whole body, up to a limit. */
export async function readBody(answer: WebAnswer, maxBytes: number, what: string): Promise<Buffer> {
  const tooLarge = (): SluiceError => new SluiceError('SourceTooLarge', `${what} has more than ${maxBytes} bytes`);
  try {
    if (Number(answer.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of answer.body) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    answer.body.destroy();
  }
}

/** The beginning of a body that tells of an error; how it ends does not matter. */
export async function readExcerpt(answer: WebAnswer, maxBytes = 64 * 1024): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxBytes) break;
    }
  } catch {
    // The status is known, and is what counts.
  } finally {
    answer.body.destroy();
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxBytes);
}

/** `Basic …`, of a user and a password. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The reason of a failure that a status tells. Too many requests and a server's own faults pass: nothing is wrong with what was asked. */
export function reasonOfStatus(status: number): ErrorReason {
  if (status === 401 || status === 403) return 'SourceAuthenticationFailed';
  if (status === 404 || status === 410) return 'SourceNotFound';
  return status === 429 || status >= 500 ? 'SourceUnreachable' : 'SourceRefused';
}
