import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { chartFiles, createReleases } from '@sluice/controllers/testing';
import { runSluice } from '../quickstart.js';
import { create, openArena, type Arena } from './arena.js';

describe('hostile charts', () => {
  let arena: Arena;
  before(async () => {
    arena = await openArena();
  });
  after(() => arena.close());
  afterEach(() => arena.goesOn());
  const open = (files: Readonly<Record<string, string>>, spec: Readonly<Record<string, unknown>> = {}) =>
    createReleases(arena.world, { '1.0.0': chartFiles(files) }, { app: spec });

  for (const [what, template] of [
    ['includes itself', '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}'],
    ['is a tpl of itself', '{{ tpl .Values.t . }}'],
    ['repeats a billion times', 'a: {{ repeat 1000000000 "x" }}'],
    ['ranges over a billion', '{{ range until 1000000000 }}a{{ end }}'],
  ] as const) {
    test(`31: a template that ${what} is stopped, and the place is said`, async () => {
      const { failed, records } = await open({ 'templates/bad.yaml': template, 'values.yaml': "v: d\nt: '{{ tpl .Values.t . }}'\n" });
      assert.match((await failed(/InstallFailed/)).message, /templates\/bad\.yaml|"gotpl"/);
      assert.deepEqual(await records(), []);
    });
  }

  test('32: nothing of the machine or the network is seen', async () => {
    const { ready, get } = await open({
      'templates/cm.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: seen}\ndata:\n  host: "{{ getHostByName "localhost" }}"\n  file: {{ .Files.Get "/etc/passwd" | quote }}\n  up: {{ .Files.Get "../../../../etc/passwd" | quote }}\n',
    });
    await ready();
    assert.deepEqual((await get('ConfigMap', 'seen'))?.['data'], { host: '', file: '', up: '' });
    const env = await open({ 'templates/cm.yaml': 'a: {{ env "HOME" }}\n' });
    assert.match((await env.failed(/InstallFailed/)).message, /function "env" not defined/);
  });

  for (const [what, metadata] of [
    ['the name ..', 'apiVersion: v2\nname: ..\nversion: 1.0.0\n'],
    ['a path for a name', 'apiVersion: v2\nname: ../../x\nversion: 1.0.0\n'],
  ] as const) {
    test(`33: a chart with ${what} is refused`, async () => {
      const name = `hostile-33-${what.length}`;
      arena.world.git.commit(name, { files: { 'chart/Chart.yaml': metadata, 'chart/templates/a.yaml': '' } });
      const source = await arena.source('GitRepository', { url: arena.world.git.urlOf(name), ref: { branch: 'main' } });
      await source.ready();
      const chart = await create(arena.world, 'HelmChart', source.namespace, {
        chart: 'chart',
        sourceRef: { kind: 'GitRepository', name: 'x' },
      });
      await chart.refused(/name/);
    });
  }

  for (const [what, schema, message] of [
    ['refers to another host', '{"$ref": "http://127.0.0.1:1/schema.json"}', /leads out of the chart/],
    ['refers to itself', '{"$ref": "#"}', /refers to itself without end/],
  ] as const) {
    test(`34: a schema that ${what} is refused`, async () => {
      const { failed } = await open({ 'values.schema.json': schema });
      assert.match((await failed(/InstallFailed|ArtifactFailed/)).message, message);
    });
  }

  test('35: --set with a huge index is refused', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-hostile-set-'));
    try {
      writeFileSync(join(directory, 'Chart.yaml'), 'apiVersion: v2\nname: c\nversion: 1.0.0\n');
      const { code, stderr } = await runSluice(['helm', 'template', 'x', directory, '--set', 'a[1000000000]=x']);
      assert.notEqual(code, 0);
      assert.match(stderr, /index|1000000000/);
    } finally {
      rmSync(directory, { recursive: true });
    }
    await assert.rejects(
      open({}, { valuesFrom: [{ kind: 'ConfigMap', name: 'v', targetPath: 'a[1000000000]' }] }),
      /targetPath: Invalid value: "a\[1000000000\]"/,
    );
  });

  test('36: a hook that never ends: a timeout, remediation, its last state', async () => {
    const job =
      'apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: forever\n  annotations: {helm.sh/hook: pre-install}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: a, image: a}]\n';
    const { failed, get } = await open({ 'templates/hook.yaml': job }, { timeout: '2s', install: { remediation: { retries: -1 } } });
    assert.match((await failed(/InstallFailed|UninstallSucceeded|RetriesExceeded/)).message, /forever|hook|timed out|remediat/i);
    assert.equal(await get('ConfigMap', 'app-cm'), undefined);
  });

  test('37: killed in the middle of an upgrade: the next start recovers, with one deployed revision', async () => {
    const hook =
      'apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: before\n  annotations: {helm.sh/hook: pre-upgrade}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: a, image: a}]\n';
    const { ready, apply, phases, get } = await open({ 'templates/hook.yaml': hook });
    await ready();
    await apply('app', { values: { v: 'second' }, timeout: '1m' });
    await arena.world.eventually('it is in the middle', async () => (await phases()).includes('2 pending-upgrade'));
    // Without a moment to tidy up.
    await arena.world.stopControllers(0);
    await apply('app', { values: { v: 'second' }, upgrade: { disableHooks: true } });
    await arena.world.startControllers({ backoff: { firstMs: 200, longestMs: 2_000 } });
    const isUpgraded = async (): Promise<boolean> => JSON.stringify((await get('ConfigMap', 'app-cm'))?.['data']).includes('second');
    await arena.world.eventually('it is upgraded', isUpgraded, 60_000);
    await ready();
    const left = (await phases()).map((phase) => phase.split(' ')[1]);
    assert.equal(left.filter((phase) => phase === 'deployed').length, 1, left.join());
    assert.ok(!left.includes('pending-upgrade'), left.join());
  });

  test('38: a corrupt release Secret is a clear error, or is replaced; the process goes on', async () => {
    const { ready, namespace, request, condition } = await open({});
    await ready();
    const name = 'sh.helm.release.v1.app.v1';
    await arena.world.cluster.patch({ apiVersion: 'v1', kind: 'Secret', namespace, name }, 'merge', {
      data: { release: Buffer.from('not a release').toString('base64') },
    });
    await request();
    await arena.world.eventually('it is said', async () => {
      const now = await condition('Ready');
      return now?.status === 'False' && now.message.includes(name);
    });
  });

  test('38: a release that is too large for a Secret is a clear error', async () => {
    const { failed } = await open({ 'big.bin': randomBytes(2_000_000).toString('base64') });
    const { message } = await failed(/InstallFailed|ArtifactFailed/);
    assert.match(message, /is \d+ bytes large, and a Secret holds 1048576/);
  });
});
