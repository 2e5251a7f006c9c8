import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { array, assert as assertProperty, boolean, constantFrom, property, record } from 'fast-check';
import { Collection } from './collection.js';
import type { ChangeEvent } from './events.js';
import { memoryJournal } from './journal.js';
import { openLevelJournal } from './level-journal.js';
import { Store } from './store.js';

const TABLE = '/configmaps';

function configMap(namespace: string, name: string, value = ''): KubeObject {
  return { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, namespace }, data: { value } };
}

function put(store: Store, namespace: string, name: string, value = ''): Promise<void> {
  return store.put(TABLE, `${namespace}/${name}`, configMap(namespace, name, value)).done;
}

function keys(store: Store, namespace?: string, after?: string): string[] {
  return store
    .table(TABLE)
    .objects.list(namespace, after)
    .map(({ key }) => key);
}

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-store-'));
  try {
    await run(join(directory, 'store'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function open(directory: string, damage: string[] = []): Promise<Store> {
  return Store.open(await openLevelJournal(directory, (message) => damage.push(message)));
}

test('lists are in the order of namespace and name, whole, by namespace, and from a key on', async () => {
  const store = await Store.open(memoryJournal());
  for (const [namespace, name] of [
    ['b', 'a'],
    ['a', 'z'],
    ['a-b', 'm'],
    ['a', 'b.c'],
    ['a', 'b-c'],
  ] as const)
    await put(store, namespace, name);
  assert.deepEqual(keys(store), ['a-b/m', 'a/b-c', 'a/b.c', 'a/z', 'b/a']);
  assert.deepEqual(keys(store, 'a'), ['a/b-c', 'a/b.c', 'a/z']);
  assert.deepEqual(keys(store, 'a', 'a/b.c'), ['a/z']);
  assert.deepEqual(keys(store, 'c'), []);
});

test('a collection agrees with a map under any writes', () => {
  const write = record({ key: constantFrom('a/x', 'a/y', 'a-b/x', 'b/x', '/x'), remove: boolean() });
  assertProperty(
    property(array(write, { maxLength: 40 }), (writes) => {
      const collection = new Collection();
      const model = new Map<string, number>();
      for (const [index, { key, remove }] of writes.entries()) {
        if (remove) {
          collection.remove(key);
          model.delete(key);
        } else {
          collection.put({ key, revision: index } as never);
          model.set(key, index);
        }
      }
      assert.deepEqual(
        collection.list().map(({ key, revision }) => [key, revision]),
        [...model].sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    }),
  );
});

test('every write has its own resource version, and watchers hear of it once it is durable, in order', async () => {
  const store = await Store.open(memoryJournal());
  const heard: ChangeEvent[] = [];
  store.table(TABLE).changes.subscribe(store.revision, (event) => heard.push(event));
  const first = store.put(TABLE, 'n/a', configMap('n', 'a'));
  assert.equal(heard.length, 0);
  const second = store.put(TABLE, 'n/a', configMap('n', 'a', 'x'));
  const third = store.remove(TABLE, 'n/a', second.stored.object);
  await Promise.all([first.done, second.done, third.done]);
  assert.deepEqual(
    heard.map(({ type, revision, stored }) => [type, revision, stored.object.metadata.resourceVersion]),
    [first, second, third].map(({ stored }, index) => [['ADDED', 'MODIFIED', 'DELETED'][index], stored.revision, String(stored.revision)]),
  );
});

test('history is bounded: what is forgotten is said, what is kept is told', async () => {
  const store = await Store.open(memoryJournal(), { historyEvents: 3 });
  const { changes } = store.table(TABLE);
  for (let i = 0; i < 5; i++) await put(store, 'n', `c${i}`);
  assert.deepEqual(
    changes.since(changes.forgotten).map(({ stored }) => stored.name),
    ['c2', 'c3', 'c4'],
  );
});

test('a directory gives back what was written, and goes on with higher resource versions', () =>
  withDirectory(async (directory) => {
    const store = await open(directory);
    await Promise.all([put(store, 'n', 'a'), put(store, 'n', 'b'), put(store, 'n', 'a', 'ü☃')]);
    await store.remove(TABLE, 'n/b', configMap('n', 'b')).done;
    const last = store.revision;
    await store.close();
    const damage: string[] = [];
    const again = await open(directory, damage);
    assert.deepEqual(keys(again), ['n/a']);
    assert.deepEqual(again.table(TABLE).objects.get('n/a')?.object['data'], { value: 'ü☃' });
    assert.ok(again.revision > last);
    assert.deepEqual(damage, []);
    await again.close();
  }));

test('a store in use says so', () =>
  withDirectory(async (directory) => {
    const store = await open(directory);
    await assert.rejects(open(directory), { reason: 'StoreLocked' });
    await store.close();
  }));

for (const [how, damageLog] of [
  ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 40)],
  ['overwritten at its end', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, bytes.length - 60), Buffer.alloc(60, 0xee)])],
  ['flipped in the middle', (bytes: Buffer) => Buffer.from(bytes.map((byte, index) => (index === bytes.length >> 1 ? byte ^ 0xff : byte)))],
] as const) {
  test(`a log that was ${how} is noticed, and never misread`, () =>
    withDirectory(async (directory) => {
      const store = await open(directory);
      for (let i = 0; i < 50; i++) await put(store, 'n', `c${i}`, 'x'.repeat(200));
      await store.close();
      const log = (await readdir(directory)).find((name) => name.endsWith('.log'))!;
      await writeFile(join(directory, log), damageLog(await readFile(join(directory, log))));
      const damage: string[] = [];
      const again = await open(directory, damage);
      const left = again.table(TABLE).objects.list();
      for (const { object, name } of left) {
        assert.equal(object.metadata.name, name);
        assert.deepEqual(object['data'], { value: 'x'.repeat(200) });
      }
      assert.ok(damage.length > 0, `${left.length} left, nothing said`);
      await put(again, 'n', 'after');
      await again.close();
    }));
}
