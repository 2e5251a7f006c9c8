import { deepEqual, type KubeObject } from '@sluice/core';
import { createInformer, type Cluster, type Informer } from '@sluice/kube';
import { systemClock, type Cause, type Clock } from '@sluice/runtime';
import type { Need } from '../apply/need.js';

/** A Kustomization that can't be applied for want of something. */
interface Waiting {
  readonly cluster: Cluster;
  readonly needs: readonly Need[];
  /** How often it was put in line since it waits for these. */
  tries: number;
  cancel?: () => void;
}

/** What is there of a cluster, as a text for each need that it fulfils. */
type There = ReadonlyMap<string, KubeObject>;

/** What happens within this is looked at once: a watch begins with all that exists. */
const SETTLE_MS = 20;

/** A server may say that a kind is established a little before it serves it. Then the interval is waited for. */
const MAX_TRIES = 6;
const FIRST_PAUSE_MS = 1000;

const KINDS = {
  kind: { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  namespace: { apiVersion: 'v1', kind: 'Namespace' },
} as const;

/**
 * Knows who could not be applied because a kind or a namespace is missing that somebody else brings, and tells when it is
 * there. Definitions and namespaces of a cluster are watched only while somebody waits.
 */
export class MissingNeeds {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #waiting = new Map<string, Waiting>();
  readonly #watches = new Map<Cluster, Map<Need['type'], Informer>>();
  /** Clusters in which something has happened that was not looked at yet. */
  readonly #stirred = new Map<Cluster, () => void>();
  #listener: (key: string, cause: Cause) => void = () => {};

  constructor(clock: Pick<Clock, 'after'> = systemClock) {
    this.#clock = clock;
  }

  /** Calls with the key of each Kustomization whose needs are there. */
  onArrival(listener: (key: string, cause: Cause) => void): void {
    this.#listener = listener;
  }

  /** The Kustomization waits for these, and for nothing else any more; `cluster` is the one that it applies to, as the engine. */
  await(key: string, cluster: Cluster, needs: readonly Need[]): void {
    const before = this.#waiting.get(key);
    before?.cancel?.();
    const isSame = before?.cluster === cluster && deepEqual(before.needs, needs);
    this.#waiting.set(key, { cluster, needs, tries: isSame ? before.tries : 0 });
    for (const { type } of needs) this.#watch(cluster, type);
    if (before !== undefined && !isSame) this.#unwatch(before.cluster);
    this.#stir(cluster);
  }

  /** The Kustomization waits for nothing. */
  settle(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    waiting.cancel?.();
    this.#waiting.delete(key);
    this.#unwatch(waiting.cluster);
  }

  stop(): void {
    for (const cancel of this.#stirred.values()) cancel();
    for (const key of this.#waiting.keys()) this.settle(key);
  }

  #watch(cluster: Cluster, type: Need['type']): void {
    const watches = this.#watches.get(cluster) ?? new Map<Need['type'], Informer>();
    this.#watches.set(cluster, watches);
    if (watches.has(type)) return;
    const informer = createInformer(cluster, KINDS[type], type === 'kind' ? { transform: essentials } : { metadataOnly: true });
    watches.set(type, informer);
    const stir = (): void => this.#stir(cluster);
    informer.subscribe({ added: stir, modified: stir });
  }

  #stir(cluster: Cluster): void {
    if (this.#stirred.has(cluster)) return;
    const look = (): void => {
      this.#stirred.delete(cluster);
      const there = new Map([...(this.#watches.get(cluster)?.values() ?? [])].flatMap((informer) => informer.list().flatMap(fulfilled)));
      for (const [key, waiting] of this.#waiting) if (waiting.cluster === cluster) this.#look(key, waiting, there);
    };
    this.#stirred.set(cluster, this.#clock.after(SETTLE_MS, look));
  }

  /** Ends the watches of a cluster that nobody waits for any more. */
  #unwatch(cluster: Cluster): void {
    const needed = new Set(
      [...this.#waiting.values()].filter((other) => other.cluster === cluster).flatMap(({ needs }) => needs.map(({ type }) => type)),
    );
    const watches = this.#watches.get(cluster);
    for (const [type, informer] of watches ?? []) {
      if (needed.has(type)) continue;
      informer.stop();
      watches?.delete(type);
    }
    if (watches?.size === 0) this.#watches.delete(cluster);
  }

  #look(key: string, waiting: Waiting, there: There): void {
    if (waiting.cancel !== undefined || waiting.tries >= MAX_TRIES) return;
    const found = waiting.needs.map((need) => there.get(textOf(need)));
    const last = found.at(-1);
    if (last === undefined || found.includes(undefined)) return;
    const pause = waiting.tries === 0 ? 0 : FIRST_PAUSE_MS * 2 ** (waiting.tries - 1);
    waiting.tries += 1;
    const { kind, metadata } = last;
    waiting.cancel = this.#clock.after(pause, () => {
      delete waiting.cancel;
      this.#listener(key, { reason: 'dependency', object: { kind, namespace: '', name: metadata.name ?? '' } });
    });
  }
}

interface Definition extends KubeObject {
  readonly spec?: {
    readonly group?: string;
    readonly names?: { readonly kind?: string };
    readonly versions?: readonly { readonly name: string; readonly served: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** The needs that a namespace, or a definition that is established, fulfils. */
function fulfilled(object: KubeObject): [need: string, by: KubeObject][] {
  if (object.kind === KINDS.namespace.kind) return [[textOf({ type: 'namespace', name: object.metadata.name ?? '' }), object]];
  const { spec: { group = '', names: { kind = '' } = {}, versions = [] } = {}, status } = object as Definition;
  if (status?.conditions?.some(({ type, status: state }) => type === 'Established' && state === 'True') !== true) return [];
  return versions.flatMap(({ name, served }) => (served ? [[textOf({ type: 'kind', group, version: name, kind }), object]] : []));
}

function textOf(need: Need): string {
  return need.type === 'namespace' ? need.name : `${need.group}/${need.version} ${need.kind}`;
}

/** Without the schemas, which are large. */
function essentials(definition: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, spec, status } = definition as Definition;
  return {
    apiVersion,
    kind,
    metadata: { name: metadata.name ?? '', resourceVersion: metadata.resourceVersion ?? '' },
    spec: {
      group: spec?.group,
      names: { kind: spec?.names?.kind },
      versions: spec?.versions?.map(({ name, served }) => ({ name, served })),
    },
    status: { conditions: status?.conditions },
  };
}
