/**
 * The seam under every {@link Cluster}: one function from a request to a response. Over the network for a real
 * cluster; the embedded API server's own handler in the same process. Plain data instead of the platform's `Request`
 * and `Response`, whose construction alone costs more than serving a small object (docs/decisions/0001).
 */
export type Fetch = (request: HttpRequest) => Promise<HttpResponse>;

export interface HttpRequest {
  readonly method: string;
  /** The path with its query: `/api/v1/namespaces?limit=500`. */
  readonly path: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Ends the exchange, the body of its response included. */
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Header names in lower case; a repeated header is a list. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The whole body, or for a stream (a watch, a followed log) its chunks as they come. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
}
