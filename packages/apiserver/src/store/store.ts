import type { KubeObject } from '@sluice/core';
import { Collection } from './collection.js';
import { ChangeFeed, HistoryBudget, type ChangeEvent } from './events.js';
import type { Journal } from './journal.js';
import { objectText, ParsedCache, Stored, versioned } from './stored.js';

export interface StoreOptions {
  /** How many changes watches can go back. */
  readonly historyEvents?: number;
  /** How much text those may hold together. */
  readonly historyCharacters?: number;
}

/**
 * All objects of a cluster: in memory for reading, in a journal for keeping. Resource versions are one counter over all
 * resources. A write changes memory at once, so that the next write sees it, and is acknowledged and told to watchers
 * when the journal has it on disk, in order.
 */
export class Store {
  readonly #journal: Journal;
  readonly #tables = new Map<string, Table>();
  readonly #cache = new ParsedCache(1024);
  readonly #budget: HistoryBudget;
  /** Told of every write as it happens in memory, before it is durable: the cluster's controllers. */
  readonly writeListeners = new Set<WriteListener>();
  #revision = 0;
  #told = 0;
  #forgotten = 0;

  private constructor(journal: Journal, options: StoreOptions) {
    this.#journal = journal;
    this.#budget = new HistoryBudget(options.historyEvents ?? 5_000, options.historyCharacters ?? 12_000_000);
  }

  static async open(journal: Journal, options: StoreOptions = {}): Promise<Store> {
    const store = new Store(journal, options);
    await store.#load();
    return store;
  }

  /** The newest resource version. */
  get revision(): number {
    return this.#revision;
  }

  /** The newest resource version that watchers know: everything up to here is durable. */
  get toldRevision(): number {
    return this.#told;
  }

  /** The names of all tables that were ever asked for. */
  get tableNames(): string[] {
    return [...this.#tables.keys()];
  }

  /** The objects of one resource, whichever versions serve it: `apps/deployments`, `/configmaps`. */
  table(name: string): Table {
    let table = this.#tables.get(name);
    if (table === undefined) this.#tables.set(name, (table = new Table(new ChangeFeed(this.#forgotten))));
    return table;
  }

  /** Writes an object under the next resource version; the previous state is what the caller read (optimistic concurrency is theirs). */
  put(table: string, key: string, object: KubeObject): Write {
    const revision = ++this.#revision;
    const next = versioned(object, revision);
    const stored = new Stored(key, revision, objectText(next), this.#cache);
    this.#cache.set(stored, next);
    const { objects, changes } = this.table(table);
    const previous = objects.get(key);
    objects.put(stored);
    for (const listener of this.writeListeners) listener(table, previous, stored);
    const event: ChangeEvent = { type: previous === undefined ? 'ADDED' : 'MODIFIED', revision, stored, previous, encodings: new Map() };
    return { stored, done: this.#commit(`${table}/${key}`, stored.text, changes, event) };
  }

  /** Removes an object; `last` is its final state as watchers are told. */
  remove(table: string, key: string, last: KubeObject): Write {
    const revision = ++this.#revision;
    const stored = new Stored(key, revision, objectText(versioned(last, revision)), this.#cache);
    const { objects, changes } = this.table(table);
    const previous = objects.get(key);
    objects.remove(key);
    for (const listener of this.writeListeners) listener(table, previous, undefined);
    const event: ChangeEvent = { type: 'DELETED', revision, stored, previous, encodings: new Map() };
    return { stored, done: this.#commit(`${table}/${key}`, undefined, changes, event) };
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  async #commit(key: string, text: string | undefined, changes: ChangeFeed, event: ChangeEvent): Promise<void> {
    await this.#journal.write({ key, revision: event.revision, text, previousText: event.previous?.text });
    this.#told = event.revision;
    changes.publish(event);
    this.#budget.add(changes, event);
  }

  async #load(): Promise<void> {
    const last = await this.#journal.load(({ key: recordKey, revision, text }) => {
      const [table, key] = splitRecordKey(recordKey);
      this.table(table).objects.put(new Stored(key, revision, text, this.#cache));
    });
    // Versions that were given out but not yet on disk when the process died must not come again with another meaning.
    this.#revision = last === undefined ? FIRST_REVISION : last + 1000;
    this.#told = this.#revision;
    this.#forgotten = this.#revision;
    for (const table of this.#tables.values()) table.changes.forgotten = this.#revision;
  }
}

/** What was there before a write, and what is there now. */
export type WriteListener = (table: string, before: Stored | undefined, after: Stored | undefined) => void;

/** What an empty store starts at. Clients use 1 for a version that is surely forgotten. */
const FIRST_REVISION = 2;

/** A write that is in memory; `done` resolves when it is durable and told to the watchers. */
export interface Write {
  readonly stored: Stored;
  readonly done: Promise<void>;
}

export class Table {
  readonly objects = new Collection();
  readonly changes: ChangeFeed;

  constructor(changes: ChangeFeed) {
    this.changes = changes;
  }
}

/** `apps/deployments/default/web` → the table and the key; the core group is empty: `/configmaps/default/a`. */
function splitRecordKey(recordKey: string): [table: string, key: string] {
  const end = recordKey.indexOf('/', recordKey.indexOf('/') + 1);
  return [recordKey.slice(0, end), recordKey.slice(end + 1)];
}
