/** What a reader may leave unread before the stream is cut: it can watch again from what it saw last. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;

/**
 * The chunks of a watch on their way to one reader. Written without waiting, as one change goes to many readers; what
 * piles up is handed over in one piece, and a reader that does not keep up is cut off.
 */
export class WatchStream implements AsyncIterable<Uint8Array> {
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #onEnd: () => void;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  get ended(): boolean {
    return this.#ended;
  }

  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes > MAX_PENDING_BYTES) {
      this.#pending = [];
      this.end();
      return;
    }
    this.#wake?.();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#wake?.();
  }

  /** Written out: a generator could not be ended while it waits for its next chunk. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        while (this.#pending.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
        const chunks = this.#pending;
        if (chunks.length === 0) return { done: true, value: undefined };
        this.#pending = [];
        this.#pendingBytes = 0;
        return { done: false, value: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) };
      },
      return: async () => {
        this.#pending = [];
        this.end();
        return { done: true, value: undefined };
      },
    };
  }
}
