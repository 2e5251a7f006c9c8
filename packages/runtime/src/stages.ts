import type { Clock } from './clock.js';

/** A part of a pass that has ended. */
export interface FinishedStage {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failure: unknown;
}

/** Runs a part of a pass, so that it shows how long it took. */
export type RunStage = <T>(name: string, work: () => T | Promise<T>) => Promise<T>;

/** A pass has a handful of stages. One that begins them again and again shows the first. */
const MAX_STAGES = 50;

/** Remembers the stages of a pass. */
export function createStages(clock: Clock): { readonly run: RunStage; readonly finished: readonly FinishedStage[] } {
  const finished: FinishedStage[] = [];
  return {
    finished,
    async run(name, work) {
      const startedAt = clock.now();
      let failure: unknown;
      try {
        return await work();
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        if (finished.length < MAX_STAGES) finished.push({ name, startedAt, endedAt: clock.now(), failure });
      }
    },
  };
}
