import type { KubeObject } from '@sluice/core';

/** Reads the cells of one object; `ageOf` says how long ago a time was. */
export type CellReader = (object: KubeObject, ageOf: (time: unknown) => string, now: number) => readonly unknown[];

/** By group and kind: `apps/Deployment`, `/Pod`. */
export type CellReaders = Readonly<Record<string, CellReader>>;
