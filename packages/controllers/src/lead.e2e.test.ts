import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Fetch } from '@sluice/kube';
import { silentLogger } from '@sluice/runtime';
import { createGitClient, openArtifactStore } from '@sluice/sources';
import { leadControllers } from './lead.js';
import { startControllers } from './start.js';
import { configMap, createApplication, dataOf } from './testing/application.js';
import { startWorld } from './testing/world.js';

const LEASE = { namespace: 'default', name: 'kustomize-controller-leader-election' };

test('of two processes one works; the other takes over when it stops, and when it is cut off', async (t) => {
  const world = await startWorld();
  const directory = mkdtempSync(join(tmpdir(), 'sluice-leaders-'));
  t.after(async () => {
    await world.close();
    rmSync(directory, { recursive: true });
  });
  let writes: string[] = [];
  const started: string[] = [];
  const run = (identity: string, fetch: Fetch) =>
    leadControllers(fetch, {
      election: { ...LEASE, identity, leaseDurationMs: 2000, renewDeadlineMs: 1500, retryPeriodMs: 100 },
      start: (cluster) => {
        started.push(identity);
        return startControllers({
          cluster,
          git: createGitClient({ cacheDir: join(directory, identity, 'git') }),
          store: openArtifactStore({ dir: join(directory, identity, 'store'), baseUrl: 'http://localhost' }),
          log: silentLogger,
        });
      },
    });
  const telling =
    (identity: string): Fetch =>
    (request) => {
      if (request.method === 'PATCH' && request.path.includes('/configmaps/')) writes.push(identity);
      return world.embedded.fetch(request);
    };
  let isCutOff = false;
  const one = run('one', telling('one'));
  await one.leading;
  const two = run('two', (request) => (isCutOff ? Promise.reject(new Error('no route to host')) : telling('two')(request)));
  // Each has a store of its own, which nobody else can put an artifact into.
  const files = { 'a.yaml': configMap('a', '"1"') };
  const { ready, get, push, applied } = await createApplication(world, files, { app: { path: './' } }, 'GitRepository');
  await ready();
  assert.deepEqual([...new Set(writes)], ['one']);

  await one.stop(1000);
  await Promise.all([one.ended, two.leading]);
  writes = [];
  await applied(await push({ files: { 'a.yaml': configMap('a', '"2"') } }));
  assert.deepEqual([...new Set(writes)], ['two']);

  const three = run('three', telling('three'));
  isCutOff = true;
  await Promise.all([two.ended, three.leading]);
  await applied(await push({ files: { 'a.yaml': configMap('a', '"3"') } }));
  assert.deepEqual(dataOf(await get('ConfigMap', 'a')), { v: '3' });
  assert.deepEqual(started, ['one', 'two', 'three']);
  await three.stop(0);
  await three.ended;
});
