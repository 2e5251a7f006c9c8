import { STATUS_CODES } from 'node:http';
import { SluiceError } from '@sluice/core';
import type { Renewed } from '../cloud/exchange.js';
import { readBody, readExcerpt, reasonOfStatus } from '../http/exchange.js';
import { createHttpTransport, shown, type HttpAccess, type WebAnswer } from '../http/transport.js';
import { parseFailure, parseListing } from './listing.js';
import type { BucketProvider } from './provider.js';
import { encodePath, signedHeaders, type S3Credentials } from './signature.js';

export interface S3Options extends HttpAccess {
  /** Host and port: `s3.eu-central-1.amazonaws.com`, `minio.storage:9000`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Default: what the server says, else `us-east-1`. */
  readonly region?: string | undefined;
  /** Plain HTTP. */
  readonly insecure?: boolean | undefined;
  /** Keys, or a way to them where they end after a time. Without them the requests are anonymous. */
  readonly credentials?: S3Credentials | Renewed<S3Credentials> | undefined;
  /** `bucket.endpoint/key` instead of `endpoint/bucket/key`. Default: for AWS. */
  readonly virtualHost?: boolean | undefined;
  /** The wall clock. */
  readonly now?: (() => Date) | undefined;
}

const maxPageBytes = 32 * 1024 * 1024;

/** A bucket that speaks the protocol of S3. */
export function createS3Bucket(options: S3Options): BucketProvider {
  const { bucket, credentials, now = () => new Date() } = options;
  const endpoint = endpointUrl(options);
  const isVirtual = options.virtualHost ?? (/(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(endpoint.hostname) && /^[a-z0-9-]{3,63}$/.test(bucket));
  const root = new URL(isVirtual ? `${endpoint.protocol}//${bucket}.${endpoint.host}/` : `${endpoint.href}${encodePath(bucket)}/`);
  const transport = createHttpTransport(root, options);
  let region = options.region ?? '';

  const send = async (
    method: 'GET' | 'HEAD',
    key: string,
    query: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<WebAnswer> => {
    checkBucketName(bucket);
    const url = new URL(root.origin);
    url.pathname = `${root.pathname}${encodePath(key)}`;
    // A path is never cleaned up: `.` and `..` are names here.
    if (url.pathname !== `${root.pathname}${encodePath(key)}`) {
      throw new SluiceError(
        'PathEscapes',
        `the object ${JSON.stringify(key.slice(0, 500))} can't be fetched: its key has . or .. as a name`,
      );
    }
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const signing = region === '' ? 'us-east-1' : region;
    const keys = typeof credentials === 'function' ? await credentials(signal) : credentials;
    const headers = keys === undefined ? {} : signedHeaders({ method, url }, keys, signing, now());
    const answer = await transport.send({ method, url, headers, signal });
    const told = answer.headers['x-amz-bucket-region'];
    if ((answer.status === 301 || answer.status === 400) && region === '' && told !== undefined && /^[a-z0-9-]+$/.test(told)) {
      region = told;
      answer.body.destroy();
      return await send(method, key, query, signal);
    }
    return answer;
  };

  return {
    name: bucket,
    async exists(signal) {
      const answer = await send('HEAD', '', {}, signal);
      answer.body.destroy();
      if (answer.status === 200) return true;
      if (answer.status === 404) return false;
      throw await failure(answer);
    },
    async *list(prefix, signal) {
      const seen = new Set<string>();
      for (let next: string | undefined = ''; next !== undefined;) {
        const from = next === '' ? {} : { 'continuation-token': next };
        const answer = await send('GET', '', { 'list-type': '2', 'max-keys': '1000', ...(prefix !== '' && { prefix }), ...from }, signal);
        if (answer.status !== 200) throw await failure(answer);
        const page = parseListing((await readBody(answer, maxPageBytes, `the listing of the bucket '${bucket}'`)).toString('utf8'));
        yield* page.objects;
        next = page.next;
        if (next !== undefined && seen.has(next))
          throw new SluiceError('SourceAnswerInvalid', `the listing of the bucket '${bucket}' has no end`);
        if (next !== undefined) seen.add(next);
      }
    },
    async get(key, signal) {
      const answer = await send('GET', key, {}, signal);
      if (answer.status === 200) return { etag: (answer.headers.etag ?? '').replaceAll('"', ''), body: answer.body };
      const error = await failure(answer);
      if (answer.status === 404 && !/NoSuchBucket/.test(error.message)) return undefined;
      throw error;
    },
    close: () => transport.close(),
  };
}

function endpointUrl({ endpoint, insecure }: S3Options): URL {
  const text = `${insecure === true ? 'http' : 'https'}://${endpoint}/`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.pathname !== '/' || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new SluiceError(
      'SourceSettingsInvalid',
      `the endpoint ${JSON.stringify(endpoint.replace(/^.*@/, '***@'))} must be a host name, and perhaps a port`,
    );
  }
  return url;
}

/** The rules and words of the client that Flux uses. */
function checkBucketName(name: string): void {
  const why =
    name.trim() === ''
      ? 'Bucket name cannot be empty'
      : name.length < 3
        ? 'Bucket name cannot be shorter than 3 characters'
        : name.length > 63
          ? 'Bucket name cannot be longer than 63 characters'
          : /^\d+\.\d+\.\d+\.\d+$/.test(name)
            ? 'Bucket name cannot be an ip address'
            : /\.\.|\.-|-\./.test(name) || !/^[A-Za-z0-9][A-Za-z0-9._:-]+[A-Za-z0-9]$/.test(name)
              ? 'Bucket name contains invalid characters'
              : undefined;
  if (why !== undefined) throw new SluiceError('SourceSettingsInvalid', why);
}

async function failure(answer: WebAnswer): Promise<SluiceError> {
  const { code, message } = parseFailure(await readExcerpt(answer));
  const words = message ?? (answer.status === 403 ? 'Access Denied.' : `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim());
  return new SluiceError(reasonOfStatus(answer.status), `${words}${code === undefined ? '' : ` (${code})`} at ${shown(answer.url)}`);
}
