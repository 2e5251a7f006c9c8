import { CelCostError } from './error.js';
import type { CelValue } from './values.js';

/** What one evaluation may cost when nothing else is said: as much as one rule of a custom resource. */
export const DEFAULT_COST_LIMIT = 1_000_000;

/** One evaluation: the values of its variables and what it has cost. */
export class EvaluationContext {
  readonly slots: (CelValue | undefined)[];
  #left: number;

  constructor(slots: number, costLimit: number) {
    this.slots = Array.from({ length: slots }, () => undefined);
    this.#left = costLimit;
  }

  /** Counts work; text counts by its length. */
  spend(units = 1): void {
    this.#left -= units;
    if (this.#left < 0) throw new CelCostError('operation cancelled: actual cost limit exceeded');
  }

  get left(): number {
    return this.#left;
  }
}
