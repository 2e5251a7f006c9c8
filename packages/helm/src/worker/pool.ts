/** Something that does one job at a time. */
export interface PoolMember {
  /** It ended, and does no more jobs. */
  readonly isDead: boolean;
  readonly stop: () => Promise<void>;
}

export interface PoolOptions<T> {
  readonly make: () => T;
  /** How many there are, where none is held up. */
  readonly usual: number;
  /** How many there may be. */
  readonly most: number;
  /** After how many milliseconds a job holds up the others. */
  readonly patience: number;
}

interface Waiting<T> {
  readonly resolve: (member: T) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Members that are made when they are needed, and shared. Where a job takes long, another member is made for those that wait, and
 * let go once the long job is over: one that runs away holds up nobody until its deadline.
 */
export class Pool<T extends PoolMember> {
  readonly #options: PoolOptions<T>;
  readonly #idle: T[] = [];
  /** Those that have a job, and since when. */
  readonly #busy = new Map<T, number>();
  readonly #waiting: Waiting<T>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed: unknown;

  constructor(options: PoolOptions<T>) {
    this.#options = options;
  }

  /** A member for a job; the signal ends the wait for one. */
  async take(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    const free = this.#idle.pop() ?? this.#another();
    if (free !== undefined) return this.#employ(free);
    return new Promise<T>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal?.reason);
      };
      const waiting: Waiting<T> = {
        resolve: (member) => {
          signal?.removeEventListener('abort', giveUp);
          resolve(member);
        },
        reject,
      };
      this.#waiting.push(waiting);
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#look();
    });
  }

  giveBack(member: T): void {
    this.#busy.delete(member);
    if (this.#closed !== undefined) return;
    const next = member.isDead ? undefined : this.#waiting.shift();
    if (next !== undefined) next.resolve(this.#employ(member));
    else if (!member.isDead && this.#size() < this.#wanted()) this.#idle.push(member);
    else if (!member.isDead) void member.stop();
    this.#look();
  }

  /** Stops all, and what they are at. Whoever waits, or comes later, gets the reason. */
  async close(reason: Error): Promise<void> {
    this.#closed = reason;
    clearTimeout(this.#timer);
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    await Promise.all([...this.#idle.splice(0), ...this.#busy.keys()].map((member) => member.stop()));
  }

  /** Makes members for those that wait, as far as there may be more. */
  #look(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.length > 0) {
      const member = this.#another();
      if (member === undefined) break;
      this.#waiting.shift()?.resolve(this.#employ(member));
    }
    if (this.#waiting.length === 0 || this.#size() >= this.#options.most) return;
    const now = performance.now();
    const soonest = Math.min(...[...this.#busy.values()].map((since) => since + this.#options.patience - now).filter((left) => left > 0));
    if (soonest < Infinity) this.#timer = setTimeout(() => this.#look(), soonest + 1);
  }

  #another(): T | undefined {
    return this.#size() < this.#wanted() ? this.#options.make() : undefined;
  }

  #employ(member: T): T {
    this.#busy.set(member, performance.now());
    return member;
  }

  #size(): number {
    return this.#idle.length + this.#busy.size;
  }

  /** One more for each that is held up by its job. */
  #wanted(): number {
    const { usual, most, patience } = this.#options;
    const started = performance.now() - patience;
    let late = 0;
    for (const since of this.#busy.values()) if (since <= started) late++;
    return Math.min(most, usual + late);
  }
}
