import type { Capabilities } from '@sluice/helm';
import type { InformerLease, SharedInformers } from '@sluice/kube';
import type { Clock } from '@sluice/runtime';
import { clusterCapabilities } from './cluster-view.js';
import type { HelmTarget } from './target.js';

/** What is not watched for changes is asked again after this. */
const UNWATCHED_MS = 10_000;
const WATCHED_MS = 300_000;

interface Known {
  readonly capabilities: Promise<Capabilities>;
  readonly until: number;
}

/**
 * What clusters can do, asked anew only when it may have changed: a definition or an API service came, went or became
 * ready in the engine's own cluster; soon, in another one.
 */
export class CapabilityCache {
  readonly #known = new Map<string, Known>();
  readonly #clock: Clock;
  readonly #leases: readonly InformerLease[];
  readonly #stops: (() => void)[];

  constructor(informers: SharedInformers, clock: Clock) {
    this.#clock = clock;
    const follow = (apiVersion: string, kind: string): InformerLease => informers.acquire({ apiVersion, kind }, { metadataOnly: true });
    this.#leases = [follow('apiextensions.k8s.io/v1', 'CustomResourceDefinition'), follow('apiregistration.k8s.io/v1', 'APIService')];
    const forget = (): void => void this.#known.delete('');
    this.#stops = this.#leases.map(({ informer }) => informer.subscribe({ added: forget, modified: forget, deleted: forget }));
  }

  async of({ cluster, clusterKey }: HelmTarget, signal: AbortSignal): Promise<Capabilities> {
    const now = this.#clock.now();
    const known = this.#known.get(clusterKey);
    if (known !== undefined && now < known.until) return await known.capabilities;
    const isWatched = clusterKey === '' && this.#leases.every(({ informer }) => informer.synced);
    const capabilities = clusterCapabilities(cluster, signal);
    const asked = { capabilities, until: now + (isWatched ? WATCHED_MS : UNWATCHED_MS) };
    this.#known.set(clusterKey, asked);
    try {
      return await capabilities;
    } catch (error) {
      if (this.#known.get(clusterKey) === asked) this.#known.delete(clusterKey);
      throw error;
    }
  }

  /** Definitions of a cluster were changed just now. */
  forget({ clusterKey }: HelmTarget): void {
    this.#known.delete(clusterKey);
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    for (const lease of this.#leases) lease.release();
  }
}
