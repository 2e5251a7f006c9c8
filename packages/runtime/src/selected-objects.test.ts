import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import type { ObjectHandler } from './object-cache.js';
import { selectedObjects } from './selected-objects.js';

function object(shard: string): KubeObject {
  return { apiVersion: 'v1', kind: 'A', metadata: { name: 'a', namespace: 'n', labels: { shard } } };
}

test('an object is there while it matches, whatever becomes of it', () => {
  const handlers = new Set<ObjectHandler>();
  let now: KubeObject | undefined;
  const all = {
    get: () => now,
    list: () => (now === undefined ? [] : [now]),
    subscribe(handler: ObjectHandler) {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
  };
  const ours = selectedObjects(all, ({ metadata }) => metadata.labels?.['shard'] === '1');
  const told: string[] = [];
  ours.subscribe({
    added: () => told.push('added'),
    modified: () => told.push('modified'),
    deleted: () => told.push('deleted'),
  });
  const become = (next: KubeObject | undefined): void => {
    const before = now;
    now = next;
    for (const handler of handlers) {
      if (before === undefined) handler.added?.(next!);
      else if (next === undefined) handler.deleted?.(before);
      else handler.modified?.(next, before);
    }
  };
  for (const [next, wanted] of [
    [object('2'), []],
    [object('1'), ['added']],
    [object('1'), ['modified']],
    [object('2'), ['deleted']],
    [object('2'), []],
    [object('1'), ['added']],
    [undefined, ['deleted']],
  ] as const) {
    become(next);
    assert.deepEqual(told.splice(0), wanted);
    const isOurs = next?.metadata.labels?.['shard'] === '1';
    assert.deepEqual([ours.get('n', 'a'), ours.list().length], [isOurs ? next : undefined, isOurs ? 1 : 0]);
  }
});
