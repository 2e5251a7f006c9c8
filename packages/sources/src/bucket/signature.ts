import { createHash, createHmac } from 'node:crypto';

export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string | undefined;
}

/**
 * The headers that sign a request by AWS Signature Version 4. The path of `url` must be encoded as S3 wants it
 * (see {@link encodePath}): it is signed as it is sent.
 */
export function signedHeaders(
  request: { readonly method: string; readonly url: URL; readonly headers?: Readonly<Record<string, string>>; readonly body?: string },
  credentials: S3Credentials,
  region: string,
  now: Date,
  service = 's3',
): Record<string, string> {
  const body = createHash('sha256')
    .update(request.body ?? '')
    .digest('hex');
  const time = timeOf(now);
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-content-sha256': body,
    'x-amz-date': time,
    ...(credentials.sessionToken !== undefined && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const signed: Record<string, string> = { ...headers, host: request.url.host };
  const names = Object.keys(signed).sort();
  const canonical = [
    request.method,
    request.url.pathname,
    canonicalQuery(request.url),
    ...names.map((name) => `${name}:${(signed[name] ?? '').trim()}`),
    '',
    names.join(';'),
    body,
  ].join('\n');
  const { scope, signature } = sign(canonical, credentials.secretKey, { time, region, service });
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKey}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`,
  };
}

/**
 * An address that is signed itself, headers that must come with it included: good for a GET by whoever has it, for a while.
 */
export function presignedUrl(
  { url, headers = {} }: { readonly url: URL; readonly headers?: Readonly<Record<string, string>> },
  credentials: S3Credentials,
  { region, service, now, seconds }: { readonly region: string; readonly service: string; readonly now: Date; readonly seconds: number },
): URL {
  const time = timeOf(now);
  const signed: Record<string, string> = { ...headers, host: url.host };
  const names = Object.keys(signed).sort();
  const presigned = new URL(url);
  const query: Readonly<Record<string, string | undefined>> = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKey}/${placesOf(time, region, service).join('/')}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(seconds),
    'X-Amz-Security-Token': credentials.sessionToken,
    'X-Amz-SignedHeaders': names.join(';'),
  };
  for (const [name, value] of Object.entries(query)) if (value !== undefined) presigned.searchParams.set(name, value);
  presigned.search = canonicalQuery(presigned);
  const canonical = [
    'GET',
    url.pathname,
    canonicalQuery(presigned),
    ...names.map((name) => `${name}:${(signed[name] ?? '').trim()}`),
    '',
    names.join(';'),
    createHash('sha256').update('').digest('hex'),
  ].join('\n');
  const { signature } = sign(canonical, credentials.secretKey, { time, region, service });
  presigned.search += `&X-Amz-Signature=${signature}`;
  return presigned;
}

/** Signs a request in its canonical form, for a time (`20130524T000000Z`), region and service. */
export function sign(
  canonical: string,
  secretKey: string,
  { time, region, service }: { readonly time: string; readonly region: string; readonly service: string },
): { readonly scope: string; readonly signature: string } {
  const places = placesOf(time, region, service);
  const scope = places.join('/');
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = places.reduce<string | Buffer>(hmac, `AWS4${secretKey}`);
  return { scope, signature: hmac(key, text).toString('hex') };
}

/** `20130524T000000Z` */
function timeOf(now: Date): string {
  return now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

/** What a signature is good for. */
function placesOf(time: string, region: string, service: string): readonly string[] {
  return [time.slice(0, 8), region, service, 'aws4_request'];
}

function canonicalQuery({ searchParams }: URL): string {
  return [...searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

/** A key as a path: everything is encoded but letters, digits, `-._~` and slashes. */
export function encodePath(key: string): string {
  return key.split('/').map(encode).join('/');
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
