/**
 * The seam under every {@link Cluster}: one function from a request to a response. Over the network for a real
 * cluster; the embedded API server's own handler in the same process. Plain data instead of the platform's `Request`
 * and `Response`, whose construction alone costs more than serving a small object (docs/decisions/0001).
 */
export type Fetch = (request: HttpRequest) => Promise<HttpResponse>;

/** Header names in lower case; a header that is sent more than once (`impersonate-group`) is a list. */
export type HttpHeaders = Readonly<Record<string, string | readonly string[]>>;

export interface HttpRequest {
  readonly method: string;
  /** The path with its query: `/api/v1/namespaces?limit=500`. */
  readonly path: string;
  readonly headers: HttpHeaders;
  readonly body?: string | Uint8Array;
  /** The answer may go on for ever (a watch, a followed log): it must come as a stream, and not hold up other requests. */
  readonly stream?: boolean;
  /** Ends the exchange, the body of its response included. */
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** The whole body, or for a stream its chunks as they come. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** The first value of a header. */
export function headerOf(headers: HttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** All values of a header. */
export function headersOf(headers: HttpHeaders, name: string): readonly string[] {
  const value = headers[name];
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

/** The whole body as text, whatever form it came in. */
export async function bodyText(body: HttpResponse['body']): Promise<string> {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return asBuffer(body).toString('utf8');
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** The body as a stream, whatever form it came in. */
export async function* bodyChunks(body: HttpResponse['body']): AsyncGenerator<Uint8Array> {
  if (typeof body === 'string') yield Buffer.from(body);
  else if (body instanceof Uint8Array) yield body;
  else yield* body;
}

/** A Buffer over the same bytes. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
