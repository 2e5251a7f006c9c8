import type { GitClient, GitRequest } from '@sluice/sources';

/**
 * Who follows which remote, and who has seen what of it. All that follow a remote share its listings: nobody is shown the
 * same one twice, and when one of them finds that something has changed there, the others are told. So a remote is asked
 * once in a round, however many follow it, and nobody learns of a push later than by asking alone.
 */
export class Followers {
  readonly #git: GitClient;
  readonly #since = performance.now();
  readonly #remotes = new Map<string, Set<string>>();
  readonly #remoteOf = new Map<string, string>();
  /** When each one asked last. */
  readonly #asked = new Map<string, number>();
  readonly #asking = new Set<string>();

  constructor(git: GitClient) {
    this.#git = git;
  }

  /** How old the listing may be that `key` is shown now: younger than the one it was shown last. */
  maxAgeMs(key: string): number {
    return performance.now() - (this.#asked.get(key) ?? this.#since);
  }

  /** Runs what asks the remote, for `key`. */
  async asking<T>(key: string, request: GitRequest, ask: () => Promise<T>): Promise<T> {
    this.#follow(key, this.#git.remoteOf(request));
    // A little later than now: what was begun for this one is not to be taken for a newer one.
    this.#asked.set(key, performance.now() + 1);
    this.#asking.add(key);
    try {
      return await ask();
    } finally {
      this.#asking.delete(key);
    }
  }

  /** Calls back with everyone who follows a remote that has changed, but those who just find out. */
  onChange(tell: (key: string) => void): () => void {
    return this.#git.onChange((remote) => {
      for (const key of this.#remotes.get(remote) ?? []) if (!this.#asking.has(key)) tell(key);
    });
  }

  forget(key: string): void {
    this.#follow(key, undefined);
    this.#asked.delete(key);
  }

  #follow(key: string, remote: string | undefined): void {
    const before = this.#remoteOf.get(key);
    if (before === remote) return;
    if (before !== undefined) {
      const others = this.#remotes.get(before);
      others?.delete(key);
      if (others?.size === 0) this.#remotes.delete(before);
      this.#remoteOf.delete(key);
    }
    if (remote === undefined) return;
    this.#remoteOf.set(key, remote);
    const followers = this.#remotes.get(remote) ?? new Set();
    this.#remotes.set(remote, followers.add(key));
  }
}
