import { SluiceError, type KubeObject } from '@sluice/core';
import { isAlreadyExists, isConflict } from '../client/kube-error.js';
import { pause, systemTimers, type Timers } from '../client/timers.js';
import type { CallOptions, Cluster } from '../cluster.js';
import { microTime } from '../objects/micro-time.js';

export interface LeaderElectionOptions {
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Of this process; no other may have the same. */
  readonly identity: string;
  /** How long others wait, after the last renewal they saw, before they take over. Default: 35 s. */
  readonly leaseDurationMs?: number;
  /** How long the leader tries to renew before it gives up; less than the duration. Default: 30 s. */
  readonly renewDeadlineMs?: number;
  /** Between two attempts. Default: 5 s. */
  readonly retryPeriodMs?: number;
  /** Give the lease up when stopped, so that another takes over at once. Default: true. */
  readonly releaseOnStop?: boolean;
  readonly timers?: Timers;
  /** Told who leads, each time that another is seen to. */
  readonly onLeader?: (identity: string) => void;
  /** Told of failed requests; they are tried again. */
  readonly onError?: (error: unknown) => void;
}

/** One run for leadership. When it is lost it is lost for good: whoever led must end what it does, and run again. */
export interface LeaderElection {
  /** Resolves when this process leads; rejects when it is stopped before. */
  readonly acquired: Promise<void>;
  /** Aborted when leadership is lost, or given up. */
  readonly lost: AbortSignal;
  /** Whether this process leads, by its own clock, for sure: false from the moment that another could have taken over. */
  isLeader(): boolean;
  /** Gives leadership up. */
  stop(): Promise<void>;
}

/** A Lease (coordination.k8s.io/v1), as far as an election needs it. */
interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

const KIND = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };

/** Runs for leadership by a Lease, by client-go's rules, so that both can run for the same one. */
export function electLeader(cluster: Cluster, options: LeaderElectionOptions): LeaderElection {
  return new LeaseElection(cluster, options);
}

class LeaseElection implements LeaderElection {
  readonly acquired: Promise<void>;
  readonly lost: AbortSignal;
  readonly #cluster: Cluster;
  readonly #options: LeaderElectionOptions;
  readonly #timers: Timers;
  readonly #leaseMs: number;
  readonly #renewMs: number;
  readonly #retryMs: number;
  readonly #stopping = new AbortController();
  readonly #ending = new AbortController();
  readonly #run: Promise<void>;
  /** The lease as it was last seen, and when: only this clock counts, others' may be wrong. */
  #seen: { readonly lease: Lease; readonly at: number } | undefined;
  /** When the lease was last renewed, taken before the request was sent. */
  #renewedAt = -Infinity;
  #leader: string | undefined;

  constructor(cluster: Cluster, options: LeaderElectionOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#leaseMs = options.leaseDurationMs ?? 35_000;
    this.#renewMs = options.renewDeadlineMs ?? 30_000;
    this.#retryMs = options.retryPeriodMs ?? 5_000;
    if (this.#leaseMs <= this.#renewMs || this.#renewMs <= this.#retryMs * 1.2) {
      throw new RangeError('leader election: the lease duration must exceed the renew deadline, and that 1.2 retry periods');
    }
    this.lost = this.#ending.signal;
    let run: Promise<void> | undefined;
    this.acquired = new Promise((resolve, reject) => {
      run = this.#campaign(resolve).catch(reject);
    });
    // Nobody may be waiting for it.
    this.acquired.catch(() => undefined);
    this.#run = run ?? Promise.resolve();
  }

  isLeader(): boolean {
    return !this.#ending.signal.aborted && this.#timers.now() < this.#renewedAt + this.#renewMs;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new SluiceError('LeadershipLost', `${this.#options.identity} no longer runs for the lease ${this.#options.name}`));
    await this.#run;
  }

  async #campaign(acquired: () => void): Promise<void> {
    const { signal } = this.#stopping;
    try {
      while (!(await this.#tryOnce())) await pause(this.#timers, this.#retryMs * (1 + 1.2 * this.#timers.random()), signal);
      acquired();
      while (this.#timers.now() < this.#renewedAt + this.#renewMs) {
        await pause(this.#timers, this.#retryMs, signal);
        await this.#tryOnce();
        if (this.#seen?.lease.spec?.holderIdentity !== this.#options.identity) break;
      }
    } finally {
      const wasLeader = this.#renewedAt > -Infinity;
      this.#ending.abort(new SluiceError('LeadershipLost', `${this.#options.identity} lost the lease ${this.#options.name}`));
      if (wasLeader && signal.aborted && this.#options.releaseOnStop !== false) await this.#release();
    }
  }

  /** Takes the lease, or renews it. */
  async #tryOnce(): Promise<boolean> {
    const { signal } = this.#stopping;
    signal.throwIfAborted();
    const startedAt = this.#timers.now();
    try {
      const taken = await this.#takeOrRenew(startedAt);
      if (taken) this.#renewedAt = startedAt;
      return taken;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // Someone else was faster: the next attempt sees who.
      if (!isConflict(error) && !isAlreadyExists(error)) this.#options.onError?.(error);
      return false;
    } finally {
      this.#tellLeader();
    }
  }

  async #takeOrRenew(now: number): Promise<boolean> {
    const { namespace, name, identity } = this.#options;
    const time = microTime(now);
    const leaseDurationSeconds = Math.ceil(this.#leaseMs / 1000);
    const lease = await this.#cluster.get<Lease>({ ...KIND, namespace, name }, this.#limits());
    if (lease === undefined) {
      const spec = { holderIdentity: identity, leaseDurationSeconds, acquireTime: time, renewTime: time, leaseTransitions: 0 };
      this.#see(await this.#cluster.create<Lease>({ ...KIND, metadata: { namespace, name }, spec }, this.#limits()), now);
      return true;
    }
    if (this.#seen?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) this.#see(lease, now);
    const { holderIdentity: holder = '', leaseTransitions = 0, acquireTime = time } = lease.spec ?? {};
    const isOurs = holder === identity;
    if (!isOurs && holder !== '' && now < (this.#seen?.at ?? now) + (lease.spec?.leaseDurationSeconds ?? 0) * 1000) return false;
    const spec = {
      ...lease.spec,
      holderIdentity: identity,
      leaseDurationSeconds,
      renewTime: time,
      acquireTime: isOurs ? acquireTime : time,
      leaseTransitions: isOurs ? leaseTransitions : leaseTransitions + 1,
    };
    // With the version that was read: of two that take it at once, one fails.
    this.#see(await this.#cluster.replace<Lease>({ ...lease, spec }, this.#limits()), now);
    return true;
  }

  /** A leader's requests end with its deadline: one that hangs must not hide that leadership is lost. */
  #limits(): CallOptions {
    const left = this.#renewedAt + this.#renewMs - this.#timers.now();
    return { signal: this.#stopping.signal, timeoutMs: left > 0 ? left : this.#renewMs };
  }

  #see(lease: Lease, at: number): void {
    this.#seen = { lease, at };
  }

  async #release(): Promise<void> {
    const lease = this.#seen?.lease;
    if (lease?.spec?.holderIdentity !== this.#options.identity) return;
    const time = microTime(this.#timers.now());
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time, acquireTime: time };
    try {
      await this.#cluster.replace<Lease>({ ...lease, spec }, { timeoutMs: this.#retryMs });
    } catch (error) {
      // It expires by itself.
      this.#options.onError?.(error);
    }
  }

  #tellLeader(): void {
    const leader = this.#seen?.lease.spec?.holderIdentity;
    if (leader === undefined || leader === '' || leader === this.#leader) return;
    this.#leader = leader;
    this.#options.onLeader?.(leader);
  }
}
