import type { KubeObject } from '@sluice/core';
import * as fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCluster } from '../client/create-cluster.js';
import { FakeApi } from '../testing/fake-api.js';
import { settled, VirtualTimers } from '../testing/virtual-timers.js';
import { createInformer, type Informer, type InformerOptions } from './informer.js';
import { createSharedInformers } from './shared-informers.js';

const CONFIG_MAPS = { apiVersion: 'v1', kind: 'ConfigMap' };

function start(api: FakeApi, options: InformerOptions<KubeObject> = {}) {
  const timers = options.timers ?? new VirtualTimers();
  const cluster = createCluster(api.fetch, { timers });
  const informer = createInformer(cluster, CONFIG_MAPS, { timers, ...options });
  const told: string[] = [];
  informer.subscribe({
    added: ({ metadata }) => told.push(`+${metadata.name}`),
    modified: ({ metadata, data }, old) => told.push(`${metadata.name}:${JSON.stringify(old['data'])}->${JSON.stringify(data)}`),
    deleted: ({ metadata }) => told.push(`-${metadata.name}`),
  });
  return { informer, told, timers: timers as VirtualTimers, cluster };
}

function color(object: KubeObject): string[] {
  return Object.values((object['data'] ?? {}) as Record<string, string>);
}

function nameOf(object: KubeObject): string {
  return object.metadata.name ?? '';
}

function versionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion);
}

function state(objects: Iterable<KubeObject>): string[] {
  return [...objects].map((object) => `${nameOf(object)}@${versionOf(object)}`).sort();
}

function names(informer: Informer): string[] {
  return informer.list().map(({ metadata }) => metadata.name ?? '');
}

for (const streamingLists of [true, false]) {
  test(`tells what there is, and every change (${streamingLists ? 'streaming list' : 'list and watch'})`, async () => {
    const api = new FakeApi();
    api.streamingLists = streamingLists;
    api.put('a', { x: '1' });
    const { informer, told } = start(api);
    await informer.whenSynced();
    await settled();
    api.put('a', { x: '2' });
    api.put('b');
    api.delete('a');
    await settled();
    assert.deepEqual(told, ['+a', 'a:{"x":"1"}->{"x":"2"}', '+b', '-a']);
    assert.deepEqual(names(informer), ['b']);
    informer.stop();
    await settled();
    assert.equal(api.watches, 0);
  });
}

test('goes on where it was when the server ends a watch', async () => {
  const api = new FakeApi();
  api.put('a');
  const { informer, told, timers } = start(api);
  await informer.whenSynced();
  await timers.pass(60_000);
  api.end();
  api.put('b');
  await timers.pass(1_000);
  assert.deepEqual(told, ['+a', '+b']);
  assert.deepEqual(
    api.requests.filter((request) => request.includes('configmaps')),
    ['GET /api/v1/configmaps?watch', 'GET /api/v1/configmaps?watch'],
  );
  informer.stop();
});

test('tells of what was deleted, and made anew, while it was away', async () => {
  const api = new FakeApi();
  api.put('gone');
  api.put('anew');
  const { informer, told, timers } = start(api);
  await informer.whenSynced();
  api.drop();
  api.delete('gone');
  api.delete('anew');
  api.put('anew');
  api.compact();
  await timers.pass(5_000);
  assert.deepEqual(told, ['+gone', '+anew', '-anew', '+anew', '-gone']);
  informer.stop();
});

test('a watch that goes silent is noticed, and opened again', async () => {
  const api = new FakeApi();
  const errors: unknown[] = [];
  const { informer, told, timers } = start(api, { onError: (error) => errors.push(error) });
  await informer.whenSynced();
  api.silence();
  api.put('a');
  await timers.pass(89_000);
  assert.deepEqual(told, []);
  await timers.pass(3_000);
  assert.deepEqual(told, ['+a']);
  assert.match(String(errors[0]), /the watch of ConfigMap was silent for 90 s/);
  informer.stop();
});

test('bookmarks are signs of life, and move the version on', async () => {
  const api = new FakeApi();
  const { informer, told, timers } = start(api);
  await informer.whenSynced();
  for (let minute = 0; minute < 4; minute++) {
    await timers.pass(60_000);
    api.bookmark();
  }
  assert.equal(api.requests.filter((request) => request.endsWith('?watch')).length, 1);
  api.compact();
  api.end();
  api.put('a');
  await timers.pass(1_000);
  assert.deepEqual(told, ['+a']);
  assert.ok(!api.requests.includes('GET /api/v1/configmaps'));
  informer.stop();
});

test('a server that went back in time is listed again', async () => {
  const api = new FakeApi(5_000);
  api.put('a');
  api.put('b');
  const { informer, told, timers } = start(api);
  await informer.whenSynced();
  api.restore(100, ['a', 'c']);
  await timers.pass(5_000);
  api.put('d');
  await timers.pass(5_000);
  assert.deepEqual(names(informer).sort(), ['a', 'c', 'd']);
  assert.deepEqual(told, ['+a', '+b', '-a', '+a', '+c', '-b', '+d']);
  informer.stop();
});

test('a kind that is not served counts as one without objects', async () => {
  const timers = new VirtualTimers();
  const cluster = createCluster(new FakeApi().fetch, { timers });
  const informer = createInformer(cluster, { apiVersion: 'v1', kind: 'Widget' }, { timers });
  await informer.whenSynced();
  assert.equal(informer.size, 0);
  informer.stop();
});

test('who comes later is told what is there, and who leaves nothing more; a handler that throws disturbs nobody', async () => {
  const api = new FakeApi();
  api.put('a');
  const errors: unknown[] = [];
  const { informer, told } = start(api, { onError: (error) => errors.push(error) });
  await informer.whenSynced();
  const late: string[] = [];
  const leave = informer.subscribe({
    added: ({ metadata }) => {
      late.push(metadata.name ?? '');
      throw new Error('a mistake');
    },
  });
  await settled();
  api.put('b');
  await settled();
  leave();
  api.put('c');
  await settled();
  assert.deepEqual(late, ['a', 'b']);
  assert.deepEqual(told, ['+a', '+b', '+c']);
  assert.equal(errors.length, 2);
  informer.stop();
});

test('finds objects by an index', async () => {
  const api = new FakeApi();
  const { informer } = start(api, { indexes: { color } });
  await informer.whenSynced();
  await settled();
  api.put('a', { color: 'red' });
  api.put('b', { color: 'red' });
  api.put('c', { color: 'blue' });
  api.put('b', { color: 'blue' });
  api.delete('c');
  await settled();
  const found = (value: string) => informer.byIndex('color', value).map(({ metadata }) => metadata.name);
  assert.deepEqual([found('red'), found('blue'), found('green')], [['a'], ['b'], []]);
  assert.throws(() => informer.byIndex('size', 'x'), /no index "size"/);
  informer.stop();
});

test('those who ask for the same share one watch; it ends with the last', async () => {
  const api = new FakeApi();
  const timers = new VirtualTimers();
  const informers = createSharedInformers(createCluster(api.fetch, { timers }), { timers });
  const one = informers.acquire(CONFIG_MAPS);
  const two = informers.acquire(CONFIG_MAPS, { metadataOnly: false });
  const other = informers.acquire(CONFIG_MAPS, { metadataOnly: true });
  await Promise.all([one, two, other].map(({ informer }) => informer.whenSynced()));
  await settled();
  assert.equal(one.informer, two.informer);
  assert.equal(api.watches, 2);
  one.release();
  one.release();
  other.release();
  await settled();
  assert.equal(api.watches, 1);
  two.release();
  await settled();
  assert.equal(api.watches, 0);
  informers.stop();
});

test('stopping ends the waiting', async () => {
  const api = new FakeApi();
  api.breaks = () => true;
  const { informer } = start(api);
  const waiting = informer.whenSynced();
  informer.stop();
  await assert.rejects(waiting, { reason: 'InformerStopped' });
  await assert.rejects(informer.whenSynced(), { reason: 'InformerStopped' });
});

test('whatever the network and the server do, no change is missed, told twice or out of order', async () => {
  const action = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('put' as const),
        name: fc.constantFrom('a', 'b', 'c', 'd'),
        value: fc.integer({ min: 0, max: 9 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), name: fc.constantFrom('a', 'b', 'c', 'd') }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('drop', 'end', 'silence', 'compact', 'bookmark', 'restart') }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.integer({ min: 0, max: 200 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('break' as const), requests: fc.integer({ min: 1, max: 6 }) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), fc.boolean(), async (actions, streamingLists) => {
      const api = new FakeApi();
      api.streamingLists = streamingLists;
      const timers = new VirtualTimers();
      const informer = createInformer(createCluster(api.fetch, { timers }), CONFIG_MAPS, { timers });
      const seen = new Map<string, KubeObject>();
      let mistake: string | undefined;
      const check = (right: boolean, what: string) => {
        if (!right) mistake ??= what;
      };
      informer.subscribe({
        added: (object) => {
          check(!seen.has(nameOf(object)), `${nameOf(object)} was added twice`);
          seen.set(nameOf(object), object);
        },
        modified: (object, old) => {
          check(seen.get(nameOf(object)) === old, `${nameOf(object)} changed from what it was not`);
          check(versionOf(object) > versionOf(old), `${nameOf(object)} went back`);
          seen.set(nameOf(object), object);
        },
        deleted: (object) => check(seen.delete(nameOf(object)), `${nameOf(object)} was deleted without being there`),
      });
      for (const step of actions) {
        if (step.do === 'put') api.put(step.name, { value: String(step.value) });
        else if (step.do === 'delete') api.delete(step.name);
        else if (step.do === 'settle') await settled();
        else if (step.do === 'pass') await timers.pass(step.seconds * 1000);
        else if (step.do === 'break') {
          let left = step.requests;
          api.breaks = () => left-- > 0;
        } else if (step.do === 'restart') {
          api.drop();
          api.compact();
        } else if (step.do === 'drop') api.drop();
        else if (step.do === 'end') api.end();
        else if (step.do === 'silence') api.silence();
        else if (step.do === 'compact') api.compact();
        else api.bookmark();
      }
      // The longest it may take: a silence that has to be noticed, and some failed attempts.
      await timers.pass(180_000);
      informer.stop();
      assert.equal(mistake, undefined);
      assert.deepEqual(state(seen.values()), state(api.objects));
      assert.deepEqual(state(informer.list()), state(api.objects));
    }),
    { numRuns: 150 },
  );
});
