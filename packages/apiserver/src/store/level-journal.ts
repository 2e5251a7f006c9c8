import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { errorMessage, SluiceError } from '@sluice/core';
import { ClassicLevel } from 'classic-level';
import type { Journal } from './journal.js';

type Operation = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

/** What a batch says about the whole store, so that records that went missing are noticed. */
interface StoreState {
  readonly revision: number;
  readonly records: number;
  /** The sum of the checksums of all records, modulo 2^32. */
  readonly digest: number;
}

const STATE_KEY = '!state';

/**
 * A journal in a LevelDB directory. Writes that arrive while a batch is being synced share the next one, so that a
 * hundred clients cost one fsync, not a hundred. Every record carries a checksum, every batch the count and the sum of
 * all checksums: what a damaged disk took away or changed is noticed at the next start, and said. A tail that is gone
 * as a whole leaves no trace in there, so the last acknowledged revision is noted in a file beside.
 */
export async function openLevelJournal(directory: string, onDamage: (message: string) => void): Promise<Journal> {
  const level = await open(directory, onDamage);
  const note = openNote(`${directory}.acknowledged`);
  let state: StoreState = { revision: 0, records: 0, digest: 0 };
  let queue: Operation[] = [];
  let next: Promise<void> | undefined;
  let current: Promise<void> = Promise.resolve();
  let failure: Error | undefined;

  const flush = async (): Promise<void> => {
    await current.catch(() => undefined);
    const operations = queue;
    const { revision } = state;
    queue = [];
    next = undefined;
    operations.push({ type: 'put', key: STATE_KEY, value: sealed(JSON.stringify(state)) });
    current = level.batch(operations, { sync: true });
    await current;
    note.write(revision);
  };

  return {
    async load(onRecord) {
      let left: StoreState | undefined;
      let digest = 0;
      let records = 0;
      let revision = 0;
      const damaged: string[] = [];
      for await (const [key, value] of level.iterator()) {
        const content = opened(value);
        if (content === undefined) damaged.push(key);
        else if (key === STATE_KEY) left = JSON.parse(content) as StoreState;
        else {
          const space = content.indexOf(' ');
          const record = { key, revision: Number(content.slice(0, space)), text: content.slice(space + 1) };
          digest = (digest + crc32(record.text)) >>> 0;
          records++;
          revision = Math.max(revision, record.revision);
          onRecord(record);
        }
      }
      if (damaged.length > 0) {
        onDamage(`${damaged.length} damaged records were dropped: ${damaged.slice(0, 5).join(', ')}`);
        await level.batch(
          damaged.map((key) => ({ type: 'del', key })),
          { sync: true },
        );
      }
      if (left === undefined ? records > 0 : left.records !== records || left.digest !== digest) {
        onDamage(
          `the store holds ${records} objects, its last write left ${left?.records ?? 'another number'}: writes from before a damaged place are gone`,
        );
      }
      const found = Math.max(revision, left?.revision ?? 0);
      if (note.last > found) {
        onDamage(`the store ends at revision ${found}, but ${note.last} was acknowledged: the writes between them are gone`);
      }
      // Versions that clients have seen do not come again, whether their writes are still there or not.
      state = { revision: Math.max(found, note.last), records, digest };
      return state.revision === 0 ? undefined : state.revision;
    },
    write({ key, revision, text, previousText }) {
      if (failure !== undefined) return Promise.reject(failure);
      let { records, digest } = state;
      if (previousText !== undefined) {
        records--;
        digest -= crc32(previousText);
      }
      if (text !== undefined) {
        records++;
        digest += crc32(text);
      }
      state = { revision, records, digest: digest >>> 0 };
      queue.push(text === undefined ? { type: 'del', key } : { type: 'put', key, value: sealed(`${revision} ${text}`) });
      next ??= flush().catch((error: unknown) => {
        // What is in memory is now ahead of the disk: nothing more is acknowledged until a restart has read it again.
        failure = new SluiceError(
          'StoreFailed',
          `The store in ${directory} can't be written (${errorMessage(error)}): free some space, then restart.`,
        );
        throw failure;
      });
      return next;
    },
    async close() {
      await next?.catch(() => undefined);
      await level.close();
      note.close();
    },
  };
}

async function open(directory: string, onDamage: (message: string) => void): Promise<ClassicLevel> {
  const level = new ClassicLevel(directory, { keyEncoding: 'utf8', valueEncoding: 'utf8' });
  try {
    await level.open();
    return level;
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause;
    if (cause?.code === 'LEVEL_LOCKED') {
      throw new SluiceError(
        'StoreLocked',
        `The store in ${directory} is in use by another process: stop that cluster first, or choose another directory.`,
        {
          cause: error,
        },
      );
    }
    if (cause?.code !== 'LEVEL_CORRUPTION') {
      throw new SluiceError('StoreFailed', `The store in ${directory} can't be opened: ${errorMessage(cause ?? error)}`, { cause: error });
    }
    onDamage(`the store was damaged (${errorMessage(cause)}) and has been repaired`);
    await ClassicLevel.repair(directory);
    await level.open();
    return level;
  }
}

interface Note {
  /** The revision noted last, by whoever had the store before. */
  readonly last: number;
  write(revision: number): void;
  close(): void;
}

/** A file with one number. It is not synced: it survives the process, and what it says is never ahead of the store's own disk writes. */
function openNote(path: string): Note {
  const file = openSync(path, 'a+', 0o600);
  const last = Number(readFileSync(file, 'utf8').trim());
  closeSync(file);
  const writable = openSync(path, 'r+');
  return {
    last: Number.isSafeInteger(last) ? last : 0,
    write: (revision) => void writeSync(writable, `${revision}\n`.padEnd(20), 0),
    close: () => closeSync(writable),
  };
}

function sealed(content: string): string {
  return crc32(content).toString(16).padStart(8, '0') + content;
}

function opened(value: string): string | undefined {
  const content = value.slice(8);
  return Number.parseInt(value.slice(0, 8), 16) === crc32(content) ? content : undefined;
}
