const CHUNK_BYTES = 256 * 1024;
/** No character of a string takes more bytes. */
const MAX_BYTES_PER_CHARACTER = 3;

/**
 * The text of a long list on its way out, in pieces: a client reads the first ones while the next are encoded, and the
 * whole is never there twice.
 */
export class ListText implements AsyncIterable<Uint8Array> {
  readonly #head: string;
  readonly #items: readonly string[];
  readonly #separator: string;
  readonly #tail: string;

  constructor(head: string, items: readonly string[], separator: string, tail: string) {
    this.#head = head;
    this.#items = items;
    this.#separator = separator;
    this.#tail = tail;
  }

  /** The whole of it, for clients in the same process. */
  get text(): string {
    return `${this.#head}${this.#items.join(this.#separator)}${this.#tail}`;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    let at = chunk.write(this.#head);
    for (const [index, item] of this.#items.entries()) {
      const needed = (item.length + this.#separator.length) * MAX_BYTES_PER_CHARACTER;
      if (at + needed > chunk.length) {
        if (at > 0) yield chunk.subarray(0, at);
        chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, needed));
        at = 0;
      }
      if (index > 0) at += chunk.write(this.#separator, at, 'latin1');
      at += chunk.write(item, at);
    }
    yield chunk.subarray(0, at);
    yield Buffer.from(this.#tail);
  }
}
