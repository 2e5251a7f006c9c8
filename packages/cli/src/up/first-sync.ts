import type { KubeObject } from '@sluice/core';
import { createInformer, type Cluster, type Informer } from '@sluice/kube';
import { conditionsOf, field, gitRepository, kustomization, type FluxKind } from '../kinds/index.js';
import { aborted } from './aborted.js';

export interface SyncOutcome {
  readonly name: string;
  readonly ready: boolean;
  readonly message: string;
}

/** Reasons of a Ready=False that passes by itself. */
const PASSING: ReadonlySet<unknown> = new Set(['DependencyNotReady', 'ArtifactFailed', 'Progressing', 'ProgressingWithRetry']);

/**
 * The outcome of each source and Kustomization, as they come, until all have one: those that others bring along included.
 * At the signal, those without one are given as they are.
 */
export async function* firstSync(cluster: Cluster, signal: AbortSignal): AsyncGenerator<SyncOutcome> {
  const informers = [gitRepository, kustomization].map((kind) => ({ kind, informer: createInformer(cluster, kind) }));
  const told = new Set<string>();
  const ended = aborted(signal);
  try {
    await Promise.race([Promise.all(informers.map(({ informer }) => informer.whenSynced())), ended]);
    for (;;) {
      const changed = nextChange(informers.map(({ informer }) => informer));
      const states = informers.flatMap(({ kind, informer }) => informer.list().map((object) => stateOf(kind, object)));
      for (const { name, outcome } of states) {
        if (outcome === undefined || told.has(name)) continue;
        told.add(name);
        yield { name, ...outcome };
      }
      const pending = states.filter(({ outcome }) => outcome === undefined);
      if (pending.length === 0 && told.size > 0) return;
      if (signal.aborted) {
        for (const { name, message } of pending) yield { name, ready: false, message: `not ready yet: ${message}` };
        return;
      }
      await Promise.race([changed.happened, ended]);
      changed.end();
    }
  } finally {
    for (const { informer } of informers) informer.stop();
  }
}

function stateOf(kind: FluxKind, object: KubeObject): { name: string; message: string; outcome: Omit<SyncOutcome, 'name'> | undefined } {
  const ready = conditionsOf(object).find((condition) => condition.type === 'Ready');
  const message = ready?.message ?? 'waiting to be reconciled';
  const undecided =
    ready === undefined ||
    ready.status === 'Unknown' ||
    (ready.status === 'True' && field(object, 'status', 'observedGeneration') !== object.metadata.generation) ||
    (ready.status === 'False' && PASSING.has(field(ready, 'reason')));
  return {
    name: `${kind.humanKind} ${object.metadata.name ?? ''}`,
    message,
    outcome: undecided ? undefined : { ready: ready.status === 'True', message },
  };
}

/** Resolves at the next change. What is there already is no change. */
function nextChange(informers: readonly Informer[]): { happened: Promise<void>; end: () => void } {
  const ending: (() => void)[] = [];
  const happened = new Promise<void>((resolve) => {
    for (const informer of informers) {
      const known = new Map(informer.list().map((object) => [object.metadata.uid, object.metadata.resourceVersion]));
      const added = ({ metadata }: KubeObject): void => (known.get(metadata.uid) === metadata.resourceVersion ? undefined : resolve());
      ending.push(informer.subscribe({ added, modified: () => resolve(), deleted: () => resolve() }));
    }
  });
  return {
    happened,
    end: () => {
      for (const end of ending) end();
    },
  };
}
