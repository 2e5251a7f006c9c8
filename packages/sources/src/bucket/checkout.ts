import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError, errorMessage, normalizePath } from '@sluice/core';
import type { SourceEntry, SourceTree } from '../artifact/source-tree.js';
import { ignoreFileName, parsePatterns, versionControlMatcher } from '../ignore/ignore.js';
import { worded, wordedError } from '../worded.js';
import type { BucketContent, BucketObject, BucketProvider } from './provider.js';

export interface BucketCall {
  readonly signal?: AbortSignal | undefined;
}

/** What is in a bucket at a moment, without what is ignored. */
export interface BucketIndex {
  /** `sha256:…` of keys and ETags: two states with the same one hold the same. */
  readonly revision: string;
  readonly objects: ReadonlyMap<string, BucketObject>;
}

export interface ReadBucketOptions extends BucketCall {
  /** Only keys that begin so. */
  readonly prefix?: string | undefined;
  /** `spec.ignore`; its patterns come after those of the bucket's own `.sourceignore`. */
  readonly ignore?: string | undefined;
  /** The most objects. Default: 500,000. */
  readonly maxObjects?: number | undefined;
}

const maxIgnoreFileBytes = 1024 * 1024;

/** Lists a bucket. Costs no download but that of its ignore file. */
export async function readBucketIndex(provider: BucketProvider, options: ReadBucketOptions = {}): Promise<BucketIndex> {
  const { prefix = '', ignore, maxObjects = 500_000, signal } = options;
  const isThere = await worded(`failed to confirm existence of '${provider.name}' bucket`, () => provider.exists(signal));
  if (!isThere) throw new SluiceError('SourceNotFound', `bucket '${provider.name}' not found`);
  const own = await worded(`failed to get Etag for '${ignoreFileName}' object`, async () => {
    const content = await provider.get(ignoreFileName, signal);
    return content === undefined ? '' : (await gather(content, maxIgnoreFileBytes)).toString('utf8');
  });
  const isIgnored = versionControlMatcher([...parsePatterns(own), ...parsePatterns(ignore ?? '')]);
  const objects = new Map<string, BucketObject>();
  await worded(`indexation of objects from bucket '${provider.name}' failed`, async () => {
    for await (const object of provider.list(prefix, signal)) {
      const { key } = object;
      if (key.endsWith('/') || key === ignoreFileName || isIgnored(key.split('/'), false)) continue;
      objects.set(key, object);
      if (objects.size > maxObjects)
        throw new SluiceError('SourceTooLarge', `more than ${maxObjects} objects: set a prefix, or leave some out`);
    }
  });
  return { revision: revisionOf(objects), objects };
}

export interface CheckoutBucketOptions extends BucketCall {
  /** Where objects are kept for the time of it. */
  readonly scratchDir: string;
  /** The most bytes of all objects together. Default: 1 GiB. */
  readonly maxBytes?: number | undefined;
  /** How many objects are fetched at the same time. Default: 16. */
  readonly concurrency?: number | undefined;
}

/** The objects of an index as files, with the revision of what was found: objects may have changed or gone since it was made. */
export interface BucketCheckout {
  readonly revision: string;
  readonly tree: SourceTree;
}

interface Fetched {
  readonly object: BucketObject;
  readonly file: string;
}

/** Downloads the objects of an index for as long as `use` takes. Nothing but the bucket's names decides where they go. */
export async function checkoutBucket<T>(
  provider: BucketProvider,
  index: BucketIndex,
  options: CheckoutBucketOptions,
  use: (checkout: BucketCheckout) => Promise<T>,
): Promise<T> {
  await mkdir(options.scratchDir, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(options.scratchDir, 'bucket-'));
  try {
    const fetched = await fetchObjects(provider, index, directory, options);
    const objects = new Map([...fetched].map(([key, { object }]) => [key, object]));
    return await use({ revision: revisionOf(objects), tree: treeOf(fetched) });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function fetchObjects(
  provider: BucketProvider,
  index: BucketIndex,
  directory: string,
  { maxBytes = 1024 ** 3, concurrency = 16, signal }: CheckoutBucketOptions,
): Promise<Map<string, Fetched>> {
  const fetched = new Map<string, Fetched>();
  const queue = [...index.objects.values()].entries();
  let total = 0;
  const failures: unknown[] = [];
  const count = (bytes: number): void => {
    total += bytes;
    if (total > maxBytes)
      throw new SluiceError('SourceTooLarge', `the objects have more than ${maxBytes} bytes: leave some out with spec.ignore`);
  };
  const work = async (): Promise<void> => {
    for (const [number, { key }] of queue) {
      if (failures.length > 0) return;
      try {
        // By number: no key can lead anywhere.
        const file = join(directory, String(number));
        const content = await provider.get(key, signal);
        // Deleted since it was listed.
        if (content === undefined) continue;
        const size = await save(content, file, count);
        fetched.set(key, { object: { key, size, etag: content.etag }, file });
      } catch (error) {
        failures.push(wordedError(`fetch from bucket '${provider.name}' failed: failed to get '${key}' object`, error));
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  if (failures.length > 0) throw failures[0];
  return fetched;
}

async function save(content: BucketContent, path: string, count: (bytes: number) => void): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  let size = 0;
  try {
    for await (const chunk of content.body) {
      count(chunk.length);
      size += chunk.length;
      await file.write(chunk);
    }
  } finally {
    await file.close();
  }
  return size;
}

function treeOf(fetched: ReadonlyMap<string, Fetched>): SourceTree {
  const files = new Map<string, string>();
  const entries: SourceEntry[] = [];
  for (const [key, { object, file }] of fetched) {
    const path = pathOf(key);
    entries.push({ path, type: 'file', executable: false, size: object.size });
    files.set(path, file);
  }
  return {
    entries,
    async *contents(wanted) {
      for (const { path } of wanted) {
        const file = files.get(path);
        if (file !== undefined) yield* createReadStream(file) as AsyncIterable<Uint8Array>;
      }
    },
  };
}

/** A key as a path; leading and doubled slashes mean nothing. */
function pathOf(key: string): string {
  try {
    return normalizePath(key.replaceAll(/\/+/g, '/').replace(/^\//, ''));
  } catch (error) {
    throw new SluiceError('PathEscapes', `the object ${JSON.stringify(key.slice(0, 500))} can't be a file: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

function revisionOf(objects: ReadonlyMap<string, BucketObject>): string {
  const hash = createHash('sha256');
  const keys = [...objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const key of keys) hash.update(`${key} ${objects.get(key)?.etag ?? ''}\n`);
  return `sha256:${hash.digest('hex')}`;
}

async function gather({ body }: BucketContent, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new SluiceError('SourceTooLarge', `it has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
