import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '@sluice/core';
import type { GitAccess } from './access.js';
import { runGit } from './command.js';
import { gitFailure, isMirrorDamage } from './failure.js';
import type { GitUrl } from './url.js';

/** Gives what is needed to reach the server, for the time of one exchange with it. */
export type Reach = <T>(use: (access: GitAccess) => Promise<T>) => Promise<T>;

export interface MirrorLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly maxBytes: number;
}

/** A bare repository on disk that holds what was fetched from one address with one set of credentials, shallow. */
export class Mirror {
  readonly directory: string;
  readonly #url: GitUrl;
  readonly #fetchesBetweenCleanups: number;
  #turn: Promise<unknown> = Promise.resolve();
  #readers = 0;
  #fetches = 0;

  /** After so many fetches the packs are joined, and what nobody follows any more is dropped. */
  constructor(directory: string, url: GitUrl, fetchesBetweenCleanups: number) {
    this.directory = directory;
    this.#url = url;
    this.#fetchesBetweenCleanups = fetchesBetweenCleanups;
  }

  /**
   * Brings a reference here, only its newest commit, only the objects that are missing; and holds on to it while `use`
   * runs. `expected` is the object it points to by the latest listing: when that is here already, nothing is asked.
   */
  async withRef<T>(ref: string, expected: string, reach: Reach, limits: MirrorLimits, use: (object: string) => Promise<T>): Promise<T> {
    const local = localRef(ref);
    return await this.#holding(
      () =>
        this.#recovering(async () => {
          await this.#prepare(expected.length, limits);
          if ((await this.#lookup(local, limits)) !== expected) await this.#fetch([`+${ref}:${local}`], ['--depth=1'], reach, limits);
          const object = await this.#lookup(local, limits);
          if (object === undefined) throw gitFailure('unable to clone', this.#url.address, `couldn't find remote ref ${ref}`);
          return object;
        }),
      use,
    );
  }

  /** The same for a commit by its hash. Servers that give out only what a reference points to are asked for the history of the branch, or of all. */
  async withCommit<T>(
    commit: string,
    branch: string | undefined,
    reach: Reach,
    limits: MirrorLimits,
    use: (object: string) => Promise<T>,
  ): Promise<T> {
    const local = localRef(commit);
    return await this.#holding(
      () =>
        this.#recovering(async () => {
          await this.#prepare(commit.length, limits);
          if ((await this.#lookup(local, limits)) === commit) return commit;
          try {
            await this.#fetch([`+${commit}:${local}`], ['--depth=1'], reach, limits);
          } catch (error) {
            if (!(error instanceof SluiceError) || error.reason !== 'GitReferenceMissing') throw error;
            const refs =
              branch === undefined ? '+refs/heads/*:refs/sluice/history/*' : `+refs/heads/${branch}:${localRef(`refs/heads/${branch}`)}`;
            await this.#fetch([refs], ['--depth=2147483647'], reach, limits);
            const { code } = await this.#run(['update-ref', '--end-of-options', local, commit], limits);
            if (code !== 0) {
              throw new SluiceError('GitReferenceMissing', `unable to resolve commit object for '${commit}': object not found`);
            }
          }
          return commit;
        }),
      use,
    );
  }

  /** A raw object: `commit` or `tag`. */
  async readObject(type: 'commit' | 'tag', object: string, limits: MirrorLimits): Promise<Buffer | undefined> {
    const { code, stdout } = await this.#run(['cat-file', type, object], limits);
    return code === 0 ? stdout : undefined;
  }

  /** What a name points to, such as `<tag>^{commit}`. */
  async peel(object: string, limits: MirrorLimits): Promise<string | undefined> {
    const { code, stdout } = await this.#run(['rev-parse', '--verify', '--quiet', '--end-of-options', `${object}^{commit}`], limits);
    return code === 0 ? stdout.toString('latin1').trim() : undefined;
  }

  /** The settings in a file of a commit in the format of git's own configuration: `.gitmodules`. */
  async readConfigBlob(blob: string, limits: MirrorLimits): Promise<[key: string, value: string][]> {
    const { code, stdout, stderr } = await this.#run(['config', `--blob=${blob}`, '--null', '--list'], limits);
    if (code !== 0) throw new SluiceError('GitFailed', `.gitmodules does not parse: ${stderr.trim()}`, { place: { file: '.gitmodules' } });
    return stdout
      .toString('utf8')
      .split('\0')
      .filter((record) => record !== '')
      .map((record) => {
        const newline = record.indexOf('\n');
        return newline < 0 ? [record, ''] : [record.slice(0, newline), record.slice(newline + 1)];
      });
  }

  /** Waits until nothing is under way. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  /** Runs `bring` alone, then `use` beside others: fetches wait for each other, a cleanup waits for everybody. */

  async #holding<T>(bring: () => Promise<string>, use: (object: string) => Promise<T>): Promise<T> {
    const brought = this.#turn.then(async () => {
      const object = await bring();
      this.#readers++;
      return object;
    });
    this.#turn = brought.catch(() => undefined);
    const object = await brought;
    try {
      return await use(object);
    } finally {
      this.#readers--;
      if (this.#fetches >= this.#fetchesBetweenCleanups) this.#turn = this.#turn.then(() => this.#cleanUp());
    }
  }

  /** Makes a mirror anew that turns out to be damaged, once: a disk that was full, a machine that lost power. */
  async #recovering(bring: () => Promise<string>): Promise<string> {
    try {
      return await bring();
    } catch (error) {
      if (!(error instanceof MirrorDamaged)) throw error;
      if (this.#readers > 0) throw error.failure;
      await rm(this.directory, { recursive: true, force: true });
      try {
        return await bring();
      } catch (again) {
        throw again instanceof MirrorDamaged ? again.failure : again;
      }
    }
  }

  async #prepare(hashLength: number, limits: MirrorLimits): Promise<void> {
    if (existsSync(join(this.directory, 'HEAD'))) return;
    await rm(this.directory, { recursive: true, force: true });
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const format = hashLength === 64 ? 'sha256' : 'sha1';
    const { code, stderr } = await runGit({
      args: ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, '--', this.directory],
      timeoutMs: limits.timeoutMs,
      signal: limits.signal,
    });
    if (code !== 0) throw new SluiceError('GitFailed', `a mirror can't be made: ${stderr.trim()}`);
  }

  async #fetch(refspecs: readonly string[], options: readonly string[], reach: Reach, limits: MirrorLimits): Promise<void> {
    this.#fetches++;
    const { code, stderr } = await reach((access) =>
      runGit({
        args: [
          `--git-dir=${this.directory}`,
          'fetch',
          '--quiet',
          '--force',
          '--no-tags',
          '--no-write-fetch-head',
          '--no-auto-maintenance',
          '--no-recurse-submodules',
          '--update-shallow',
          ...options,
          '--',
          this.#url.address,
          ...refspecs,
        ],
        ...access,
        timeoutMs: limits.timeoutMs,
        signal: limits.signal,
        check: () => this.#sizeError(limits.maxBytes),
      }),
    );
    if (code === 0) {
      const error = this.#sizeError(limits.maxBytes);
      if (error !== undefined) throw error;
      return;
    }
    const failure = gitFailure('unable to clone', this.#url.address, stderr);
    throw isMirrorDamage(stderr) ? new MirrorDamaged(failure) : failure;
  }

  #sizeError(maxBytes: number): SluiceError | undefined {
    const packs = join(this.directory, 'objects', 'pack');
    let size = 0;
    try {
      for (const name of readdirSync(packs)) size += statSync(join(packs, name), { throwIfNoEntry: false })?.size ?? 0;
    } catch {
      return undefined;
    }
    return size > maxBytes
      ? new SluiceError('GitTooLarge', `the repository ${this.#url.address} has more than ${maxBytes} bytes`)
      : undefined;
  }

  async #lookup(ref: string, limits: MirrorLimits): Promise<string | undefined> {
    const { code, stdout } = await this.#run(['rev-parse', '--verify', '--quiet', '--end-of-options', ref], limits);
    return code === 0 ? stdout.toString('latin1').trim() : undefined;
  }

  #run(args: readonly string[], limits: MirrorLimits): ReturnType<typeof runGit> {
    return runGit({ args: [`--git-dir=${this.directory}`, ...args], timeoutMs: limits.timeoutMs, signal: limits.signal });
  }

  /** Joins the packs and drops what no followed reference needs. Waits for its next chance while somebody reads. */
  async #cleanUp(): Promise<void> {
    if (this.#readers > 0 || this.#fetches < this.#fetchesBetweenCleanups) return;
    this.#fetches = 0;
    const { code } = await this.#run(['gc', '--quiet', '--prune=now'], { timeoutMs: 600_000, signal: undefined, maxBytes: Infinity }).catch(
      () => ({
        code: 1,
      }),
    );
    // What can't be cleaned up is fetched again when it is next asked for.
    if (code !== 0) await rm(this.directory, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** The mirror, not the server, is at fault. */
class MirrorDamaged extends Error {
  readonly failure: SluiceError;
  constructor(failure: SluiceError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** References of a server are kept under names of ours: theirs may clash as files and directories, or case. */
function localRef(ref: string): string {
  return `refs/sluice/${createHash('sha1').update(ref).digest('hex')}`;
}
