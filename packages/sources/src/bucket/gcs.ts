import { STATUS_CODES } from 'node:http';
import { SluiceError, isJsonObject } from '@sluice/core';
import { serviceUrl, type Renewed } from '../cloud/exchange.js';
import { readBody, readExcerpt, reasonOfStatus } from '../http/exchange.js';
import { createHttpTransport, shown, type HttpAccess, type WebAnswer } from '../http/transport.js';
import type { BucketObject, BucketProvider } from './provider.js';

export interface GcsOptions extends HttpAccess {
  readonly bucket: string;
  /** Without it the requests are anonymous. */
  readonly token?: Renewed<string> | undefined;
  /** `http://localhost:4443`: of an emulator. Default: Google's. */
  readonly endpoint?: string | undefined;
}

const maxPageBytes = 32 * 1024 * 1024;

/** A bucket of Google Cloud Storage, by its JSON API. */
export function createGcsBucket({ bucket, token, endpoint, ...access }: GcsOptions): BucketProvider {
  const home = serviceUrl(endpoint ?? 'https://storage.googleapis.com', 'the endpoint');
  const transport = createHttpTransport(home, access);
  const send = async (path: string, query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<WebAnswer> => {
    const url = new URL(`/storage/v1/b/${encodeURIComponent(bucket)}${path}`, home);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${await token(signal)}` };
    return await transport.send({ url, headers, signal });
  };

  return {
    name: bucket,
    async exists(signal) {
      const answer = await send('', {}, signal);
      if (answer.status !== 200 && answer.status !== 404) throw await failure(answer);
      answer.body.destroy();
      return answer.status === 200;
    },
    async *list(prefix, signal) {
      const seen = new Set<string>();
      const what = `the listing of the bucket '${bucket}'`;
      for (let pageToken = ''; ;) {
        const query = {
          fields: 'nextPageToken,items(name,size,etag)',
          ...(prefix !== '' && { prefix }),
          ...(pageToken !== '' && { pageToken }),
        };
        const page = await readJson(await send('/o', query, signal), what);
        for (const item of Array.isArray(page.items) ? page.items : []) yield objectOf(item, what);
        pageToken = typeof page.nextPageToken === 'string' ? page.nextPageToken : '';
        if (pageToken === '') return;
        if (seen.has(pageToken)) throw new SluiceError('SourceAnswerInvalid', `${what} has no end`);
        seen.add(pageToken);
      }
    },
    async get(key, signal) {
      const path = `/o/${encodeURIComponent(key)}`;
      const found = await send(path, { fields: 'etag,generation' }, signal);
      if (found.status === 404) {
        found.body.destroy();
        return undefined;
      }
      // The bytes are of the very state that the ETag is of.
      const { etag, generation } = await readJson(found, `the description of '${key}'`);
      const answer = await send(path, { alt: 'media', generation: String(generation) }, signal);
      if (answer.status === 200) return { etag: String(etag), body: answer.body };
      const error = await failure(answer);
      if (answer.status === 404) return undefined;
      throw error;
    },
    close: () => transport.close(),
  };
}

async function readJson(answer: WebAnswer, what: string): Promise<Record<string, unknown>> {
  if (answer.status !== 200) throw await failure(answer);
  const text = (await readBody(answer, maxPageBytes, what)).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // said below
  }
  throw new SluiceError('SourceAnswerInvalid', `${what} is no JSON object`);
}

function objectOf(item: unknown, what: string): BucketObject {
  const { name, size, etag } = isJsonObject(item) ? item : {};
  const bytes = Number(size ?? 0);
  if (typeof name !== 'string' || name === '' || !Number.isSafeInteger(bytes))
    throw new SluiceError('SourceAnswerInvalid', `${what} has an object without a name or size`);
  return { key: name, size: bytes, etag: typeof etag === 'string' ? etag : '' };
}

async function failure(answer: WebAnswer): Promise<SluiceError> {
  const text = await readExcerpt(answer);
  let words: string = STATUS_CODES[answer.status] ?? '';
  try {
    const value: unknown = JSON.parse(text);
    const error = isJsonObject(value) ? value.error : undefined;
    if (isJsonObject(error) && typeof error.message === 'string') words = error.message.slice(0, 500);
  } catch {
    // The status says enough.
  }
  return new SluiceError(reasonOfStatus(answer.status), `${answer.status}: ${words} at ${shown(answer.url)}`);
}
