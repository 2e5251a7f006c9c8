import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { byLogging } from './controller-pods.js';

interface Made {
  readonly node?: string;
  readonly phase?: string;
  readonly ready?: string;
  readonly restarts?: number;
  readonly created?: string;
}

function pod(
  name: string,
  { node = 'n', phase = 'Running', ready, restarts = 0, created = '2026-01-01T00:00:00Z' }: Made,
): KubeObject & { readonly spec: object; readonly status: object } {
  const conditions = ready === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: ready }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, creationTimestamp: created },
    spec: { nodeName: node },
    status: { phase, conditions, containerStatuses: [{ restartCount: restarts }] },
  };
}

const orders: readonly [what: string, better: Made, worse: Made][] = [
  ['one with a node', { phase: 'Pending' }, { node: '', phase: 'Pending' }],
  ['one that runs', {}, { phase: 'Pending' }],
  ['one of which nothing is known before one that waits', { phase: 'Unknown' }, { phase: 'Pending' }],
  ['one that is ready', { ready: '2026-01-02T00:00:00Z' }, { restarts: 9 }],
  ['one that has been ready for longer', { ready: '2026-01-01T00:00:00Z' }, { ready: '2026-01-02T00:00:00Z' }],
  ['one that was started more often', { restarts: 2 }, { restarts: 1 }],
  ['the older one', {}, { created: '2026-01-03T00:00:00Z' }],
];
for (const [what, better, worse] of orders) {
  test(`the log of a controller is that of ${what}`, () => {
    const pods = [pod('worse', worse), pod('better', better)];
    assert.equal(pods.toSorted(byLogging)[0]?.metadata.name, 'better');
    assert.equal(pods.toReversed().toSorted(byLogging)[0]?.metadata.name, 'better');
  });
}
