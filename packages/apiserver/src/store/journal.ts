/** Where writes become durable. */
export interface Journal {
  /** Tells every record that is there; resolves to the revision of the last batch, undefined for a new store. */
  load(onRecord: (record: JournalRecord) => void): Promise<number | undefined>;
  /** Adds a change to the next batch; resolves when that batch is on disk. Batches reach the disk in order. */
  write(change: JournalChange): Promise<void>;
  close(): Promise<void>;
}

export interface JournalRecord {
  readonly key: string;
  readonly revision: number;
  readonly text: string;
}

export interface JournalChange {
  readonly key: string;
  readonly revision: number;
  /** Undefined deletes the record. */
  readonly text: string | undefined;
  readonly previousText: string | undefined;
}

/** A journal that keeps nothing: for clusters that live in memory. */
export function memoryJournal(): Journal {
  const done = Promise.resolve();
  return { load: async () => undefined, write: () => done, close: () => done };
}
