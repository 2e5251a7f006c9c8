import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { keyOfKind } from '@sluice/controllers/testing';
import { gitApplication } from '../git-application.js';
import { runSluice } from '../quickstart.js';
import { openArena, type Arena } from './arena.js';

/** Clears the screen, rings, and sets the title: as a terminal reads them. */
const ESCAPES = '\u001b[2J\u0007\u009b31m\u001b]0;owned\u0007';

const secret = (value: string): string => `apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: ${value}\n`;

describe('what commands show', () => {
  let arena: Arena;
  let directory: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-hostile-cli-'));
    arena = await openArena();
    writeFileSync(join(directory, 'kubeconfig'), arena.world.embedded.kubeconfig, { mode: 0o600 });
  });
  after(async () => {
    await arena.close();
    rmSync(directory, { recursive: true });
  });
  afterEach(() => arena.goesOn());
  const sluice = (...args: string[]) => runSluice(args, { KUBECONFIG: join(directory, 'kubeconfig') });

  test("40: a Secret's value is not in a diff, neither the old nor the new", async () => {
    const app = await gitApplication(arena.world, { 's.yaml': secret('old-s3cret') });
    await app.ready();
    writeFileSync(join(directory, 's.yaml'), secret('new-s3cret'));
    const { stdout, stderr } = await sluice('diff', 'kustomization', 'app', '-n', app.namespace, '--path', directory);
    const shown = stdout + stderr;
    assert.match(shown, new RegExp(`Secret/${app.namespace}/s drifted`));
    for (const value of ['old-s3cret', 'new-s3cret'])
      for (const text of [value, Buffer.from(value).toString('base64')]) assert.ok(!shown.includes(text), shown);
  });

  test('52: what is in an object does not drive the terminal', async () => {
    const app = await gitApplication(arena.world, {}, { app: { path: './', suspend: true } });
    const key = keyOfKind('Kustomization', app.namespace, 'app');
    const ready = { type: 'Ready', status: 'False', reason: 'BuildFailed', message: `it is ${ESCAPES} gone`, observedGeneration: 1 };
    const status = {
      conditions: [{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }],
      lastAttemptedRevision: `main@sha1:${ESCAPES}`,
      inventory: { entries: [{ id: `x_${ESCAPES}__ConfigMap`, v: 'v1' }] },
    };
    await arena.world.cluster.patch(key, 'merge', { status }, { subresource: 'status' });
    await arena.world.cluster.create({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'evil', namespace: app.namespace },
      involvedObject: { apiVersion: key.apiVersion, kind: key.kind, name: key.name, namespace: app.namespace },
      type: 'Warning',
      reason: 'BuildFailed',
      message: `there is ${ESCAPES}`,
      reportingComponent: 'kustomize-controller',
      source: { component: 'kustomize-controller' },
      firstTimestamp: new Date().toISOString(),
      lastTimestamp: new Date().toISOString(),
      count: 1,
    });
    for (const line of ['get kustomizations', 'get all', 'events', 'tree kustomization app', 'doctor', 'reconcile kustomization app']) {
      const { stdout, stderr } = await sluice(...line.split(' '), '-n', app.namespace, '--timeout', '10s');
      assert.doesNotMatch(stdout + stderr, /[^\P{Control}\n\t]/u, line);
      if (line !== 'reconcile kustomization app') assert.match(stdout + stderr, /\\x1b/, line);
    }
  });
});
