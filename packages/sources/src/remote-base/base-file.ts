import { createHash } from 'node:crypto';
import { withDeadline } from '@sluice/core';
import { basicAuthorization, follow, readBody } from '../http/exchange.js';
import { createHttpTransport, shown, type HttpTransport } from '../http/transport.js';

const FILE_TIMEOUT_MS = 30_000;
const MAX_FILE_BYTES = 10 * 1024 * 1024;
const SERVICE = '/info/refs?service=git-upload-pack';

/** A file over HTTP, with a name for its content; undefined when what answers is a page, as forges answer for a repository, or nothing. */
export async function fetchBaseFile(url: URL, signal: AbortSignal): Promise<{ content: Uint8Array; id: string } | undefined> {
  return await exchange(url, signal, async (transport, limit) => {
    const answer = await follow(transport, { ...request(url), signal: limit });
    if (answer.status >= 300 || (answer.headers['content-type'] ?? '').startsWith('text/html')) {
      answer.body.destroy();
      return undefined;
    }
    const content = await readBody(answer, MAX_FILE_BYTES, shown(url));
    return { content, id: createHash('sha256').update(content).digest('hex') };
  });
}

/** Where a repository is that has moved; undefined when it has not. */
export async function finalAddress(address: string, signal: AbortSignal): Promise<string | undefined> {
  const url = new URL(address.replace(/\/+$/, '') + SERVICE);
  return await exchange(url, signal, async (transport, limit) => {
    const answer = await follow(transport, { ...request(url), signal: limit });
    answer.body.destroy();
    const final = answer.url.href;
    return answer.url.origin + answer.url.pathname !== shown(url) && final.endsWith(SERVICE) ? final.slice(0, -SERVICE.length) : undefined;
  });
}

async function exchange<T>(home: URL, signal: AbortSignal, use: (transport: HttpTransport, limit: AbortSignal) => Promise<T>): Promise<T> {
  const transport = createHttpTransport(home);
  try {
    return await withDeadline(FILE_TIMEOUT_MS, signal, (limit) => use(transport, limit));
  } finally {
    await transport.close();
  }
}

/** User and password of an address are for its own host; redirects lose them. */
function request(url: URL): { readonly url: URL; readonly headers?: Record<string, string> } {
  if (url.username === '' && url.password === '') return { url };
  return { url, headers: { authorization: basicAuthorization(decodeURIComponent(url.username), decodeURIComponent(url.password)) } };
}
