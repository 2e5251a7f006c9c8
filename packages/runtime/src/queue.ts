import type { Clock } from './clock.js';

/** What an item waits behind: people first, then what happened, then the safety net. */
export const Priority = { request: 100, change: 0, resync: -100 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

const PRIORITIES: readonly Priority[] = [Priority.request, Priority.change, Priority.resync];

/** Every so many items the longest-waiting one of the lowest priority is taken, so that none starves. */
const FAIR_EVERY = 8;

/** What becomes of a key after it was worked on. */
export type Next =
  /** Failed: again after a back-off that doubles with every failure. */
  | { readonly type: 'retry' }
  /** Again after that long, unless something happens before. Zero is at once. */
  | { readonly type: 'after'; readonly delayMs: number }
  /** Nothing to do until something happens. */
  | { readonly type: 'idle' };

/** One turn of a key. */
export interface Turn<Cause> {
  readonly key: string;
  /** Why the key was added since its last turn; empty when only its time had come. */
  readonly causes: readonly Cause[];
  /** Calls the handler with each cause for which the key is added again while this turn runs. The result ends it. */
  readonly onOvertaken: (handler: (cause: Cause) => void) => () => void;
}

export interface WorkQueueOptions<Cause> {
  readonly concurrency: number;
  readonly clock: Clock;
  /** In [0, 1), for the jitter of the back-off. */
  readonly random: () => number;
  readonly backoff?: { readonly firstMs: number; readonly longestMs: number };
  /** Works on a key. Never called for one key twice at the same time. What it throws counts as `retry`. */
  readonly process: (turn: Turn<Cause>) => Promise<Next>;
  readonly observer?: QueueObserver;
}

/** Where the queue reports what it does; metrics listen here. */
export interface QueueObserver {
  added?(): void;
  started?(waitedMs: number): void;
  finished?(workedMs: number): void;
  retried?(): void;
}

export interface WorkQueue<Cause> {
  /** Puts a key in line. A key that waits already is not doubled: it takes the higher priority and both causes. */
  add(key: string, priority: Priority, cause?: Cause): void;
  /** Forgets a key: its timer and its failures. */
  forget(key: string): void;
  /** How many keys wait, by priority; and since when the oldest turn runs. */
  stats(): { waiting: ReadonlyMap<Priority, number>; running: readonly number[] };
  /** Takes no more, and resolves when all running turns have ended. */
  stop(): Promise<void>;
}

/** A turn under way. */
interface Running<Cause> {
  readonly startedAt: number;
  readonly handlers: Set<(cause: Cause) => void>;
  again?: { readonly priority: Priority; readonly causes: readonly Cause[] };
}

interface Waiting<Cause> {
  readonly key: string;
  readonly since: number;
  readonly causes: Cause[];
}

const DEFAULT_BACKOFF = { firstMs: 750, longestMs: 15 * 60_000 };

/**
 * A queue of keys that works by itself: deduplicated, by priority, up to `concurrency` keys at a time and never one key
 * twice at a time, with one timer a key for back-offs and intervals.
 */
export function createWorkQueue<Cause>(options: WorkQueueOptions<Cause>): WorkQueue<Cause> {
  const { clock, observer } = options;
  const backoff = options.backoff ?? DEFAULT_BACKOFF;
  const lines = new Map(PRIORITIES.map((priority) => [priority, new Map<string, Waiting<Cause>>()]));
  const running = new Map<string, Running<Cause>>();
  const timers = new Map<string, () => void>();
  const failures = new Map<string, number>();
  let taken = 0;
  let stopped: (() => void) | undefined;
  let pumping = false;

  function add(key: string, priority: Priority, cause?: Cause): void {
    if (stopped !== undefined) return;
    const causes = cause === undefined ? [] : [cause];
    const turn = running.get(key);
    if (turn !== undefined) {
      turn.again = { priority: higher(turn.again?.priority, priority), causes: [...(turn.again?.causes ?? []), ...causes] };
      if (cause !== undefined) for (const handler of turn.handlers) handler(cause);
      return;
    }
    timers.get(key)?.();
    timers.delete(key);
    for (const [waitingPriority, line] of lines) {
      const waiting = line.get(key);
      if (waiting === undefined) continue;
      waiting.causes.push(...causes);
      if (waitingPriority >= priority) return;
      line.delete(key);
      lines.get(priority)!.set(key, waiting);
      return;
    }
    lines.get(priority)!.set(key, { key, since: clock.now(), causes });
    observer?.added?.();
    pump();
  }

  /** Starts turns in a microtask, so that a burst of adds is in line, by priority, before the first is taken. */
  function pump(): void {
    if (pumping) return;
    pumping = true;
    queueMicrotask(() => {
      pumping = false;
      for (let free = options.concurrency - running.size; free > 0; free--) {
        const waiting = take();
        if (waiting === undefined) return;
        void run(waiting);
      }
    });
  }

  function take(): Waiting<Cause> | undefined {
    const order = ++taken % FAIR_EVERY === 0 ? [...PRIORITIES].reverse() : PRIORITIES;
    for (const priority of order) {
      const line = lines.get(priority)!;
      for (const waiting of line.values()) {
        line.delete(waiting.key);
        return waiting;
      }
    }
    return undefined;
  }

  async function run({ key, since, causes }: Waiting<Cause>): Promise<void> {
    const startedAt = clock.now();
    const turn: Running<Cause> = { startedAt, handlers: new Set() };
    running.set(key, turn);
    observer?.started?.(startedAt - since);
    const onOvertaken = (handler: (cause: Cause) => void): (() => void) => {
      for (const cause of turn.again?.causes ?? []) handler(cause);
      turn.handlers.add(handler);
      return () => turn.handlers.delete(handler);
    };
    const next = await options.process({ key, causes, onOvertaken }).catch((): Next => ({ type: 'retry' }));
    running.delete(key);
    observer?.finished?.(clock.now() - startedAt);
    if (stopped !== undefined) {
      if (running.size === 0) stopped();
      return;
    }
    if (next.type !== 'retry') failures.delete(key);
    if (turn.again !== undefined) {
      readd(key, turn.again);
    } else if (next.type === 'retry') {
      observer?.retried?.();
      schedule(key, retryDelay(key));
    } else if (next.type === 'after') {
      schedule(key, next.delayMs);
    }
    pump();
  }

  function readd(key: string, { priority, causes }: NonNullable<Running<Cause>['again']>): void {
    lines.get(priority)!.set(key, { key, since: clock.now(), causes: [...causes] });
    observer?.added?.();
  }

  function schedule(key: string, delayMs: number): void {
    timers.get(key)?.();
    timers.delete(key);
    if (delayMs <= 0) add(key, Priority.change);
    else {
      timers.set(
        key,
        clock.after(delayMs, () => {
          timers.delete(key);
          add(key, Priority.resync);
        }),
      );
    }
  }

  /** Doubles with every failure in a row, with up to a tenth of jitter so that what failed together is not retried together. */
  function retryDelay(key: string): number {
    const count = failures.get(key) ?? 0;
    failures.set(key, count + 1);
    const delay = Math.min(backoff.firstMs * 2 ** Math.min(count, 40), backoff.longestMs);
    return delay * (1 + options.random() * 0.1);
  }

  return {
    add,
    forget(key) {
      timers.get(key)?.();
      timers.delete(key);
      failures.delete(key);
    },
    stats: () => ({
      waiting: new Map([...lines].map(([priority, line]) => [priority, line.size])),
      running: [...running.values()].map((turn) => turn.startedAt),
    }),
    stop() {
      for (const cancel of timers.values()) cancel();
      timers.clear();
      for (const line of lines.values()) line.clear();
      return new Promise((resolve) => {
        stopped = resolve;
        if (running.size === 0) resolve();
      });
    },
  };
}

function higher(a: Priority | undefined, b: Priority): Priority {
  return a === undefined || b > a ? b : a;
}
