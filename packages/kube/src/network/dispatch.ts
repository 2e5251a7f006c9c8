import type { Dispatcher, Pool } from 'undici';
import type { HttpHeaders, HttpRequest, HttpResponse } from '../http.js';

type Controller = Dispatcher.DispatchController;
type Waiting = { resolve(response: HttpResponse): void; reject(error: unknown): void };

/** Chunks that wait for a slow reader beyond this make the connection wait. */
const BUFFER_LIMIT = 1024 * 1024;

/** Sends a request over a pool. Without undici's own request and body classes: they cost more than the rest of a small call. */
export function dispatch(pool: Pool, request: HttpRequest, path: string, headers: HttpHeaders): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    if (request.signal?.aborted === true) {
      reject(request.signal.reason);
      return;
    }
    const exchange = new NetworkExchange(request, { resolve, reject });
    pool.dispatch(
      {
        method: request.method,
        path,
        headers: headers as Record<string, string | string[]>,
        body: request.body ?? null,
      },
      exchange,
    );
  });
}

class NetworkExchange implements Dispatcher.DispatchHandler {
  readonly #stream: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #waiting: Waiting;
  readonly #aborted = () => {
    const reason = this.#signal?.reason;
    // Without a controller it still waits for a connection: it is ended when it gets one.
    if (this.#controller === undefined) this.#waiting.reject(reason);
    else this.#controller.abort(reason);
  };
  #controller: Controller | undefined;
  #head: { status: number; headers: HttpHeaders } = { status: 0, headers: {} };
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** Of a stream: wakes its reader. */
  #wake: (() => void) | undefined;
  #ended: { readonly error?: unknown } | undefined;

  constructor(request: HttpRequest, waiting: Waiting) {
    this.#stream = request.stream === true;
    this.#signal = request.signal;
    this.#waiting = waiting;
    this.#signal?.addEventListener('abort', this.#aborted, { once: true });
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#signal?.aborted === true) controller.abort(this.#signal.reason);
  }

  onResponseStart(_controller: Controller, status: number, headers: Record<string, string | string[] | undefined>): void {
    // An informational answer (1xx) is not the answer.
    if (status < 200) return;
    this.#head = { status, headers: headers as HttpHeaders };
    if (this.#stream) this.#waiting.resolve({ ...this.#head, body: this.#read() });
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#chunks.push(chunk);
    if (!this.#stream) return;
    this.#size += chunk.length;
    if (this.#size > BUFFER_LIMIT) controller.pause();
    this.#wake?.();
  }

  onResponseEnd(): void {
    this.#end({});
    const [first] = this.#chunks;
    if (!this.#stream)
      this.#waiting.resolve({
        ...this.#head,
        body: this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks),
      });
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#end({ error });
    this.#waiting.reject(error);
  }

  #end(ended: { readonly error?: unknown }): void {
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.#ended = ended;
    this.#wake?.();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunks = this.#chunks;
        if (chunks.length > 0) {
          this.#chunks = [];
          const wasPaused = this.#size > BUFFER_LIMIT;
          this.#size = 0;
          // More may come, and pause it again, before this returns.
          if (wasPaused) this.#controller?.resume();
          yield* chunks;
        } else if (this.#ended !== undefined) {
          if ('error' in this.#ended) throw this.#ended.error;
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          this.#wake = undefined;
        }
      }
    } finally {
      // Who reads no further ends the exchange.
      if (this.#ended === undefined) this.#controller?.abort(new Error('the reader of the stream has gone'));
    }
  }
}
