import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitCredentials } from './credentials.js';
import { Mirror } from './mirror.js';
import type { GitUrl } from './url.js';

/** What belongs together: the same address with the same credentials, reached by the same way. */
export interface Origin {
  readonly url: GitUrl;
  readonly credentials: GitCredentials;
  readonly proxy: string | undefined;
}

/** A mirror that was not fetched into for so long is dropped at the next start: what still follows it fetches again. */
const maxIdleMs = 30 * 24 * 3600_000;

/** The mirrors in a cache, one for each {@link Origin}. */
export class Mirrors {
  readonly #directory: string;
  readonly #salt: Buffer;
  readonly #fetchesBetweenCleanups: number;
  readonly #mirrors = new Map<string, Mirror>();

  constructor(cacheDir: string, fetchesBetweenCleanups: number) {
    this.#fetchesBetweenCleanups = fetchesBetweenCleanups;
    mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
    this.#salt = loadSalt(cacheDir);
    this.#directory = join(cacheDir, 'mirrors');
    if (existsSync(this.#directory)) this.#dropIdle();
  }

  /** A name for an origin. The salt keeps it from telling anything about a weak password. */
  identityOf({ url, credentials, proxy }: Origin): string {
    const { holder } = credentials;
    const who = holder ?? Object.entries(credentials).sort(([a], [b]) => (a < b ? -1 : 1));
    return createHmac('sha256', this.#salt)
      .update(JSON.stringify([url.address, who, proxy ?? '']))
      .digest('hex');
  }

  of(origin: Origin): Mirror {
    const identity = this.identityOf(origin);
    let mirror = this.#mirrors.get(identity);
    if (mirror === undefined) {
      mirror = new Mirror(join(this.#directory, identity), origin.url, this.#fetchesBetweenCleanups);
      this.#mirrors.set(identity, mirror);
    }
    return mirror;
  }

  /** Waits until nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all([...this.#mirrors.values()].map((mirror) => mirror.idle()));
  }

  #dropIdle(): void {
    const oldest = Date.now() - maxIdleMs;
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name);
      if (statSync(path).mtimeMs < oldest) rmSync(path, { recursive: true, force: true });
    }
  }
}

function loadSalt(cacheDir: string): Buffer {
  const path = join(cacheDir, 'salt');
  if (existsSync(path)) {
    const salt = readFileSync(path);
    if (salt.length >= 32) return salt;
  }
  const salt = randomBytes(32);
  writeFileSync(path, salt, { mode: 0o600 });
  return salt;
}
