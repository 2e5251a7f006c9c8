import { age } from '@sluice/core';
import type { KubeObject } from '@sluice/core';
import type { Resource } from '../../registry/resource.js';
import { coreCells } from './core.js';
import { networkCells } from './network.js';
import { otherCells } from './other.js';
import { podCells } from './pod.js';
import { storageCells } from './storage.js';
import type { CellReader, CellReaders } from './types.js';
import { workloadCells } from './workloads.js';

const readers: CellReaders = { '/Pod': podCells, ...coreCells, ...workloadCells, ...networkCells, ...storageCells, ...otherCells };

/** The cells of a built-in kind, in the order of its columns. */
export function cellsOf({ group, kind }: Resource, object: KubeObject, now: number): readonly unknown[] {
  return (readers[`${group}/${kind}`] ?? onlyCreated)(object, (time) => age(time, now), now);
}

const onlyCreated: CellReader = ({ metadata }) => [metadata.name, metadata.creationTimestamp];
