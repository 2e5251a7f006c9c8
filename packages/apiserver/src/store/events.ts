import type { Stored } from './stored.js';

/** One change of one object. */
export interface ChangeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  /** The object after the change; for a deletion its last state under the deletion's revision. */
  readonly stored: Stored;
  readonly previous: Stored | undefined;
  /** Encodings of this event, by what was asked for: made once, shared by all watchers. */
  readonly encodings: Map<string, Uint8Array>;
}

export type ChangeListener = (event: ChangeEvent) => void;

/** What one resource's watchers can be told: the changes of the recent past, and who listens for the next. */
export class ChangeFeed {
  /** Changes at or before this revision are forgotten. */
  forgotten: number;
  readonly #history: ChangeEvent[] = [];
  #start = 0;
  readonly #listeners = new Set<ChangeListener>();

  constructor(forgotten: number) {
    this.forgotten = forgotten;
  }

  /** Tells everything after `revision`, then every change to come, until the returned function is called. */
  subscribe(revision: number, listener: ChangeListener): () => void {
    for (const event of this.since(revision)) listener(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  since(revision: number): ChangeEvent[] {
    let low = this.#start;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#history[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#history.slice(low);
  }

  publish(event: ChangeEvent): void {
    this.#history.push(event);
    for (const listener of this.#listeners) listener(event);
    // Who resumes later is few: their encodings are made again.
    event.encodings.clear();
  }

  forgetOldest(): void {
    const event = this.#history[this.#start];
    if (event === undefined) return;
    this.forgotten = event.revision;
    this.#start++;
    if (this.#start > 64 && this.#start * 2 > this.#history.length) {
      this.#history.splice(0, this.#start);
      this.#start = 0;
    }
  }
}

/** Bounds the memory that all histories take together: the oldest change goes first, whichever resource it is of. */
export class HistoryBudget {
  readonly #maxEvents: number;
  readonly #maxCharacters: number;
  #queue: { feed: ChangeFeed; size: number }[] = [];
  #start = 0;
  #characters = 0;

  constructor(maxEvents: number, maxCharacters: number) {
    this.#maxEvents = maxEvents;
    this.#maxCharacters = maxCharacters;
  }

  add(feed: ChangeFeed, event: ChangeEvent): void {
    const size = event.stored.text.length;
    this.#queue.push({ feed, size });
    this.#characters += size;
    while (this.#queue.length - this.#start > this.#maxEvents || this.#characters > this.#maxCharacters) {
      const oldest = this.#queue[this.#start++];
      if (oldest === undefined) break;
      this.#characters -= oldest.size;
      oldest.feed.forgetOldest();
    }
    if (this.#start > 1024 && this.#start * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#start);
      this.#start = 0;
    }
  }
}
