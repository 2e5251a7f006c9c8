import { isJsonObject, type KubeObject } from '@sluice/core';
import { findCondition, hasCondition, removeConditions, setCondition, type Condition } from './conditions.js';

/** The part of a status that all kinds share. */
export interface CommonStatus {
  observedGeneration?: number;
  lastHandledReconcileAt?: string;
  conditions?: readonly Condition[];
}

/**
 * The status of an object while a pass works on it. Nothing is written here; the runtime writes what has changed.
 * `fields` may be changed at will, conditions through the methods.
 */
export class StatusDraft<S extends CommonStatus = CommonStatus> {
  readonly fields: S;
  readonly #generation: number | undefined;
  readonly #time: () => string;
  readonly #shown: () => readonly Condition[];

  /** `shown` gives the conditions as they were written last: only what differs from them has changed for anybody. */
  constructor(object: KubeObject, time: () => string, shown: () => readonly Condition[] = () => conditionsOf(object)) {
    const status = object['status'];
    this.fields = (isJsonObject(status) ? { ...status } : {}) as unknown as S;
    this.#generation = object.metadata.generation;
    this.#time = time;
    this.#shown = shown;
  }

  get conditions(): readonly Condition[] {
    return this.fields.conditions ?? [];
  }

  condition(type: string): Condition | undefined {
    return findCondition(this.conditions, type);
  }

  has(type: string, status: Condition['status'] = 'True'): boolean {
    return hasCondition(this.conditions, type, status);
  }

  set(type: string, status: Condition['status'], reason: string, message: string): void {
    const at = { generation: this.#generation, time: this.#time(), before: this.#shown() };
    this.fields.conditions = setCondition(this.conditions, { type, status, reason, message }, at);
  }

  /** The object is being worked on; it is not stalled then. */
  reconciling(reason: string, message: string): void {
    this.remove('Stalled');
    this.set('Reconciling', 'True', reason, message);
  }

  /** The object can't be worked on until somebody changes it. Ready takes the same reason. */
  stalled(reason: string, message: string): void {
    this.remove('Reconciling');
    this.set('Stalled', 'True', reason, message);
    this.set('Ready', 'False', reason, message);
  }

  remove(...types: string[]): void {
    if (types.some((type) => this.condition(type) !== undefined)) this.fields.conditions = removeConditions(this.conditions, ...types);
  }

  /** What holds at the end of every pass, whatever became of it: see the rules in docs of each kind's status. */
  finish(requestedAt: string | undefined, observed?: boolean): void {
    if (requestedAt !== undefined) this.fields.lastHandledReconcileAt = requestedAt;
    if (observed === true) this.observeGeneration();
    if (observed !== undefined) return;
    if (this.has('Ready')) this.remove('Reconciling', 'Stalled');
    if (this.has('Ready') || this.has('Stalled')) this.observeGeneration();
    const reconciling = this.condition('Reconciling');
    if (this.has('Ready', 'False') && reconciling !== undefined)
      this.set('Reconciling', 'True', 'ProgressingWithRetry', reconciling.message);
  }

  /** The generation has been dealt with. */
  observeGeneration(): void {
    if (this.#generation !== undefined) this.fields.observedGeneration = this.#generation;
  }
}

/** The conditions of any object. */
export function conditionsOf(object: KubeObject): readonly Condition[] {
  const status = object['status'];
  return isJsonObject(status) && Array.isArray(status['conditions']) ? (status['conditions'] as Condition[]) : [];
}
