import { createHmac } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { SluiceError } from '@sluice/core';
import { serviceUrl, type Renewed } from '../cloud/exchange.js';
import { readBody, readExcerpt, reasonOfStatus } from '../http/exchange.js';
import { createHttpTransport, shown, type HttpAccess, type WebAnswer } from '../http/transport.js';
import type { BucketObject, BucketProvider } from './provider.js';
import { encodePath } from './signature.js';
import { xmlText } from './xml.js';

/** The key of an account, a signed query (SAS), or tokens of a directory. */
export type AzureBlobCredentials = { readonly accountKey: string } | { readonly sasToken: string } | { readonly token: Renewed<string> };

export interface AzureBlobOptions extends HttpAccess {
  /** `https://account.blob.core.windows.net`. */
  readonly endpoint: string;
  readonly container: string;
  /** Without them the requests are anonymous. */
  readonly credentials?: AzureBlobCredentials | undefined;
  /** The wall clock. */
  readonly now?: (() => Date) | undefined;
}

const apiVersion = '2021-12-02';
const maxPageBytes = 32 * 1024 * 1024;

/** A container of Azure Blob Storage. */
export function createAzureBucket(options: AzureBlobOptions): BucketProvider {
  const { container, credentials, now = () => new Date() } = options;
  const endpoint = serviceUrl(options.endpoint, 'the endpoint');
  const isKeyed = credentials !== undefined && 'accountKey' in credentials;
  const account = isKeyed ? accountOf(endpoint) : '';
  const transport = createHttpTransport(endpoint, options);
  const root = `${endpoint.pathname.replace(/\/+$/, '')}/${encodePath(container)}`;

  const send = async (key: string, query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<WebAnswer> => {
    const url = new URL(endpoint);
    const path = key === '' ? root : `${root}/${encodePath(key)}`;
    url.pathname = path;
    if (url.pathname !== path) {
      throw new SluiceError(
        'PathEscapes',
        `the object ${JSON.stringify(key.slice(0, 500))} can't be fetched: its key has . or .. as a name`,
      );
    }
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    if (credentials !== undefined && 'sasToken' in credentials) {
      for (const [name, value] of new URLSearchParams(credentials.sasToken.trim().replace(/^\?/, ''))) {
        if (!url.searchParams.has(name)) url.searchParams.append(name, value);
      }
    }
    const headers: Record<string, string> = { 'x-ms-date': now().toUTCString(), 'x-ms-version': apiVersion };
    if (isKeyed) headers.authorization = `SharedKey ${account}:${signature(url, headers, account, credentials.accountKey)}`;
    else if (credentials !== undefined && 'token' in credentials) headers.authorization = `Bearer ${await credentials.token(signal)}`;
    return await transport.send({ url, headers, signal });
  };
  const page = (prefix: string, marker: string, limit: string, signal?: AbortSignal): Promise<WebAnswer> => {
    const optional = { ...(prefix !== '' && { prefix }), ...(marker !== '' && { marker }) };
    return send('', { restype: 'container', comp: 'list', maxresults: limit, ...optional }, signal);
  };

  return {
    name: container,
    async exists(signal) {
      const answer = await page('', '', '1', signal);
      if (answer.status === 200) {
        answer.body.destroy();
        return true;
      }
      const { error, code } = await failure(answer);
      if (code === 'ContainerNotFound') return false;
      throw error;
    },
    async *list(prefix, signal) {
      const seen = new Set<string>();
      for (let marker = ''; ;) {
        const answer = await page(prefix, marker, '5000', signal);
        if (answer.status !== 200) throw (await failure(answer)).error;
        const xml = (await readBody(answer, maxPageBytes, `the listing of the container '${container}'`)).toString('utf8');
        yield* blobsIn(xml);
        marker = xmlText(xml, 'NextMarker') ?? '';
        if (marker === '') return;
        if (seen.has(marker)) throw invalid(`the listing of the container '${container}' has no end`);
        seen.add(marker);
      }
    },
    async get(key, signal) {
      const answer = await send(key, {}, signal);
      if (answer.status === 200) return { etag: (answer.headers.etag ?? '').replaceAll('"', ''), body: answer.body };
      const { error, code } = await failure(answer);
      if (code === 'BlobNotFound' || (code === undefined && answer.status === 404)) return undefined;
      throw error;
    },
    close: () => transport.close(),
  };
}

/** The account is the first name of the host; of an emulator on an address, the first of the path. */
function accountOf({ hostname, pathname }: URL): string {
  const labels = hostname.split('.');
  if (/^[\d.]+$|^\[|^localhost$/.test(hostname)) return pathname.split('/')[1] ?? '';
  if (labels.length > 2) return labels[0] ?? '';
  throw new SluiceError('SourceSettingsInvalid', `failed to extract account name from endpoint: expected '${hostname}' to be a subdomain`);
}

/** The signature of a GET with the key of the account. Most of what it is about is empty here. */
function signature(url: URL, headers: Readonly<Record<string, string>>, account: string, key: string): string {
  const emptyFields = Array.from({ length: 11 }, () => '');
  const own = Object.keys(headers)
    .sort()
    .map((name) => `${name}:${headers[name]}`);
  const query = [...new Set(url.searchParams.keys())]
    .sort()
    .map((name) => `${name.toLowerCase()}:${url.searchParams.getAll(name).sort().join(',')}`);
  const text = ['GET', ...emptyFields, ...own, [`/${account}${url.pathname}`, ...query].join('\n')].join('\n');
  return createHmac('sha256', Buffer.from(key.trim(), 'base64')).update(text).digest('base64');
}

function blobsIn(xml: string): BucketObject[] {
  if (!/<EnumerationResults[\s>]/.test(xml)) throw invalid('the listing is no list of blobs');
  return [...xml.matchAll(/<Blob>(.*?)<\/Blob>/gs)].map(([, blob = '']) => {
    const encoded = /<Name Encoded="true">([^<]*)<\/Name>/.exec(blob)?.[1];
    const key = encoded === undefined ? xmlText(blob, 'Name') : decodeURIComponent(encoded);
    const size = Number(xmlText(blob, 'Content-Length') ?? 0);
    if (key === undefined || key === '' || !Number.isSafeInteger(size)) throw invalid('a blob of the listing has no name or size');
    return { key, size, etag: (xmlText(blob, 'Etag') ?? '').replaceAll('"', '') };
  });
}

async function failure(answer: WebAnswer): Promise<{ readonly error: SluiceError; readonly code: string | undefined }> {
  const text = await readExcerpt(answer);
  const code = answer.headers['x-ms-error-code'] ?? xmlText(text, 'Code');
  const words = xmlText(text, 'Message')?.split('\n')[0]?.slice(0, 500) ?? STATUS_CODES[answer.status] ?? '';
  // Of a container that is not there, a signed query says only that it is not signed for.
  const hint =
    code === 'AuthenticationFailed'
      ? 'the specified bucket name may be incorrect, nonexistent, or the caller might lack sufficient permissions to access it: '
      : '';
  const message = `${hint}${answer.status} ${code ?? ''} ${words} at ${shown(answer.url)}`.replaceAll(/ +/g, ' ');
  return { error: new SluiceError(reasonOfStatus(answer.status), message), code };
}

function invalid(why: string): SluiceError {
  return new SluiceError('SourceAnswerInvalid', why);
}
