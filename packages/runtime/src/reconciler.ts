import type { KubeObject } from '@sluice/core';
import type { Clock } from './clock.js';
import type { EventInput } from './events.js';
import type { Logger } from './log.js';
import type { Next } from './queue.js';
import type { RunStage } from './stages.js';
import type { CommonStatus, StatusDraft } from './status.js';

/**
 * What a controller is: one pass over one object. The runtime owns everything around it — the queue, back-off, the
 * finalizer, suspension, status writing, events, metrics and logs — so that a reconciler reads like a description of its work.
 */
export interface Reconciler<T extends KubeObject = KubeObject, S extends CommonStatus = CommonStatus> {
  /** Brings the world in line with the object. What it throws is logged and retried with back-off. */
  reconcile(object: T, context: ReconcileContext<S>): Promise<Outcome>;
  /** The object is being deleted: cleans up. The finalizer is removed when it returns; what it throws keeps it and retries. */
  finalize?(object: T, context: ReconcileContext<S>): Promise<Pick<Outcome, 'events'> | void>;
  /** Whether nothing is to be done with an object of this shape: it has neither finalizer nor status, and loses those it had. */
  isStatic?(object: T): boolean;
  /** The object is suspended; moves what a suspended object's status shows. */
  suspended?(object: T, status: StatusDraft<S>): void;
}

/** How a pass ended. */
export interface Outcome {
  readonly next: Next;
  /**
   * Whether the generation has been dealt with. When it is said, conditions stay as the reconciler left them; otherwise the
   * rules apply that most kinds share: see `StatusDraft.finish`.
   */
  readonly observed?: boolean;
  /** Told after the status was written, so that who hears of them reads the new status. */
  readonly events?: readonly EventInput[];
  /** What the pass failed of, when it did not just wait: counted, and named in metrics and traces by its reason. */
  readonly failure?: unknown;
}

/** Why an object is worked on. */
export interface Cause {
  readonly reason: 'created' | 'spec' | 'request' | 'deleted' | 'source' | 'dependency' | 'drift' | 'reference' | 'resync';
  /** The object that changed, where it is another one. */
  readonly object?: { readonly kind: string; readonly namespace: string; readonly name: string };
}

export interface ReconcileContext<S extends CommonStatus = CommonStatus> {
  readonly status: StatusDraft<S>;
  /** Shows the draft to people while the pass goes on. Not waited for; states that follow each other at once are merged. */
  progress(): void;
  /** Writes the draft, and waits until it is written: whoever goes on after a crash knows of it. */
  persist(): Promise<void>;
  /** Tells what happened, now. */
  event(event: EventInput): void;
  /** Runs a part of the pass, which shows in its trace. */
  readonly stage: RunStage;
  readonly log: Logger;
  readonly causes: readonly Cause[];
  /** The runtime stops: end soon, leaving things so that the next start goes on. */
  readonly signal: AbortSignal;
  /** Calls the handler with each cause for which the object is put in line again while this pass runs. The result ends it. */
  readonly onOvertaken: (handler: (cause: Cause) => void) => () => void;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The next run after an interval, up to `share` of it earlier or later, so that what started together does not stay together. */
export function jittered(intervalMs: number, random: () => number, share = 0.05): number {
  return intervalMs * (1 + (random() * 2 - 1) * share);
}
