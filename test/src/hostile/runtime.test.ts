import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { crdOf, kustomization } from '@sluice/api';
import { leadControllers, startControllers } from '@sluice/controllers';
import { configMap, fastClock, keyOfKind } from '@sluice/controllers/testing';
import { createGitClient, openArtifactStore } from '@sluice/sources';
import { printYaml } from '@sluice/yaml';
import { silentLogger, systemClock, type Clock } from '@sluice/runtime';
import { gitApplication } from '../git-application.js';
import { openArena, type Arena } from './arena.js';

const backoff = { firstMs: 200, longestMs: 2_000 };

describe('the process and its disk', () => {
  let arena: Arena;
  before(async () => {
    arena = await openArena();
  });
  after(() => arena.close());
  afterEach(() => arena.goesOn());

  test('49: a start with an empty store fetches again, and prunes nothing', async () => {
    const app = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') });
    await app.ready();
    const uid = (await app.get('ConfigMap', 'a'))?.metadata.uid;
    await arena.world.stopControllers();
    rmSync(join(arena.world.store.dir, 'artifacts'), { recursive: true });
    await arena.world.startControllers({ backoff });
    await app.applied(await app.push({ files: { 'b.yaml': configMap('b', '"2"') } }));
    assert.equal((await app.get('ConfigMap', 'a'))?.metadata.uid, uid);
  });

  test('49: a full disk is said; nothing is pruned; with room again it goes on', async () => {
    const app = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') });
    await app.ready();
    let isFull = false;
    await arena.world.stopControllers();
    const { store } = arena.world;
    const put: typeof store.put = (...args) =>
      isFull ? Promise.reject(new Error('ENOSPC: no space left on device, write')) : store.put(...args);
    await arena.world.startControllers({ store: { ...store, put }, backoff });
    isFull = true;
    const hash = await app.push({ files: { 'a.yaml': configMap('a', '"2"') } });
    await arena.world.eventually('it is said', async () => {
      const source = await arena.world.cluster.get(keyOfKind('GitRepository', app.namespace, 'repo'));
      return JSON.stringify(source?.['status']).includes('ENOSPC');
    });
    assert.deepEqual((await app.get('ConfigMap', 'a'))?.['data'], { v: '1' });
    isFull = false;
    await app.applied(hash);
    await arena.world.stopControllers();
    await arena.world.startControllers({ backoff });
  });

  test('49: a source that is gone prunes nothing', async () => {
    const app = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') });
    await app.ready();
    await arena.world.cluster.delete(keyOfKind('GitRepository', app.namespace, 'repo'));
    await app.apply('app', { path: './', interval: '5m' });
    await app.failed('ArtifactFailed', /not found/);
    assert.ok(await app.get('ConfigMap', 'a'));
  });

  test('50: a clock that jumps a day ahead and back: what is right stays, and commits are followed', async () => {
    let skew = 0;
    const clock: Clock = { now: () => systemClock.now() + skew, after: (delayMs, run) => systemClock.after(delayMs, run) };
    await arena.world.stopControllers();
    await arena.world.startControllers({ clock, backoff });
    const app = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') });
    await app.ready();
    for (const [value, jump] of [
      ['"2"', 24 * 3600_000],
      ['"3"', -24 * 3600_000],
    ] as const) {
      skew = jump;
      await app.applied(await app.push({ files: { 'a.yaml': configMap('a', value) } }));
    }
    await arena.world.stopControllers();
    await arena.world.startControllers({ backoff, clock: fastClock(1) });
  });

  test('50: of two leaders the one whose clock stood still writes nothing more', async () => {
    await arena.world.stopControllers();
    const directory = mkdtempSync(join(tmpdir(), 'sluice-hostile-leaders-'));
    const { fetch } = arena.world.embedded;
    const election = { namespace: 'default', name: 'hostile', leaseDurationMs: 2_000, renewDeadlineMs: 1_500, retryPeriodMs: 100 };
    let isStuck = false;
    const held: (() => void)[] = [];
    const written: string[] = [];
    const lead = (identity: string) =>
      leadControllers(
        async (request) => {
          if (request.method !== 'GET') written.push(identity);
          const response = await fetch(request);
          // It hears of nothing, as a process that was stopped, and goes on later as if nothing had been.
          if (identity === 'one' && isStuck) await new Promise<void>((resolve) => held.push(resolve));
          return response;
        },
        {
          election: { ...election, identity },
          start: (cluster) =>
            startControllers({
              cluster,
              git: createGitClient({ cacheDir: join(directory, identity, 'git') }),
              store: openArtifactStore({ dir: join(directory, identity, 'store'), baseUrl: 'http://localhost' }),
              log: silentLogger,
              backoff,
            }),
        },
      );
    const one = lead('one');
    await one.leading;
    const two = lead('two');
    try {
      const app = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') });
      await app.ready();
      isStuck = true;
      await app.push({ files: { 'a.yaml': configMap('a', '"2"') } });
      await two.leading;
      written.length = 0;
      isStuck = false;
      for (const go of held) go();
      await one.ended;
      await app.applied(await app.push({ files: { 'a.yaml': configMap('a', '"3"') } }));
      assert.deepEqual([...new Set(written)], ['two']);
    } finally {
      await Promise.all([one.stop(0), two.stop(0)]);
      rmSync(directory, { recursive: true });
      await arena.world.startControllers({ backoff });
    }
  });

  test('51: a cycle of dependencies is named, and stops nobody else', async () => {
    const app = await gitApplication(
      arena.world,
      { 'a.yaml': configMap('a', '"1"') },
      { one: { path: './', dependsOn: [{ name: 'two' }] }, two: { path: './', dependsOn: [{ name: 'one' }] } },
    );
    await app.failed('DependencyCycle', /one -> .*two -> .*one/, 'one');
    assert.equal((await app.condition('Stalled', 'one'))?.status, 'True');
  });

  test('51: a Kustomization that would prune the definition of its own kind is refused', async () => {
    const name = 'kustomizations.kustomize.toolkit.fluxcd.io';
    const key = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
    const app = await gitApplication(arena.world, { 'crd.yaml': printYaml(crdOf(kustomization)), 'a.yaml': configMap('a', '"1"') });
    await app.ready();
    const uid = (await arena.world.cluster.get(key))?.metadata.uid;
    await app.push({ remove: ['crd.yaml'] });
    await app.failed('PruneFailed', new RegExp(`CustomResourceDefinition/${name} is gone .* refused`));
    assert.equal((await app.condition('Stalled'))?.status, 'True');
    assert.equal((await arena.world.cluster.get(key))?.metadata.uid, uid);
  });

  test('51: a Kustomization that would prune its own namespace is refused', async () => {
    const app = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') }, {});
    const files = {
      'ns.yaml': `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${app.namespace}\n`,
      'a.yaml': configMap('a', '"1"', `  namespace: ${app.namespace}\n`),
    };
    await app.push({ files });
    await app.apply('app', { path: './', targetNamespace: undefined });
    await app.ready();
    await app.push({ remove: ['ns.yaml'] });
    await app.failed('PruneFailed', new RegExp(`Namespace/${app.namespace} is gone .* refused`));
    assert.equal((await app.condition('Stalled'))?.status, 'True');
    const namespace = await arena.world.cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: app.namespace });
    assert.equal(namespace?.metadata.deletionTimestamp, undefined);
    assert.ok(await app.get('ConfigMap', 'a'));
  });
});
