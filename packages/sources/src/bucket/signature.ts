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
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-content-sha256': body,
    'x-amz-date': time,
    ...(credentials.sessionToken !== undefined && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const signed: Record<string, string> = { ...headers, host: request.url.host };
  const names = Object.keys(signed).sort();
  const query = [...request.url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const canonical = [
    request.method,
    request.url.pathname,
    query,
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

/** Signs a request in its canonical form, for a time (`20130524T000000Z`), region and service. */
export function sign(
  canonical: string,
  secretKey: string,
  { time, region, service }: { readonly time: string; readonly region: string; readonly service: string },
): { readonly scope: string; readonly signature: string } {
  const places = [time.slice(0, 8), region, service, 'aws4_request'];
  const scope = places.join('/');
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = places.reduce<string | Buffer>(hmac, `AWS4${secretKey}`);
  return { scope, signature: hmac(key, text).toString('hex') };
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
