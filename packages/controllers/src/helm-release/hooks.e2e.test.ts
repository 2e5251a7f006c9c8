import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { chartFiles, createReleases } from '../testing/release.js';
import { startWorld, type World } from '../testing/world.js';

const hook = (name: string, annotations: Readonly<Record<string, string>>): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  annotations: ${JSON.stringify(annotations)}\ndata: {v: "{{ .Values.v }}"}\n`;

const job = (name: string, annotations: Readonly<Record<string, string>>): string => `apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
  annotations: ${JSON.stringify(annotations)}
spec:
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: task}]}}
`;

const ONCE = { install: { strategy: { name: 'RemediateOnFailure' }, remediation: { retries: 0 } } };

const version = (object: KubeObject | undefined): number => Number(object?.metadata.resourceVersion);

describe('hooks of a HelmRelease', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers();
  });
  after(() => world.close());

  const conclude = async (namespace: string, name: string, type: 'Complete' | 'Failed'): Promise<void> => {
    const key = { apiVersion: 'batch/v1', kind: 'Job', namespace, name };
    await world.eventually(`the Job ${name} is there`, () => world.cluster.get(key));
    const now = '2026-01-01T00:00:00Z';
    const [criterion, counted] = type === 'Complete' ? ['SuccessCriteriaMet', 'succeeded'] : ['FailureTarget', 'failed'];
    const conditions = [criterion, type].map((each) => ({
      type: each,
      status: 'True',
      lastTransitionTime: now,
      reason: 'Test',
      message: 'as told',
    }));
    const status = { startTime: now, ...(type === 'Complete' ? { completionTime: now } : {}), [counted]: 1, conditions };
    await world.cluster.patch(key, 'merge', { status }, { subresource: 'status' });
  };

  test('run in the order of their weights, before and after all else, and are recorded', async () => {
    const { get, ready, records, apply } = await createReleases(world, {
      '1.0.0': chartFiles({
        'templates/a.yaml': hook('a', { 'helm.sh/hook': 'pre-install,pre-upgrade', 'helm.sh/hook-weight': '5' }),
        'templates/b.yaml': hook('b', { 'helm.sh/hook': 'pre-install', 'helm.sh/hook-weight': '-5' }),
        'templates/c.yaml': hook('c', { 'helm.sh/hook': 'post-install' }),
        'templates/d.yaml': hook('d', { 'helm.sh/hook': 'post-install', 'helm.sh/hook-delete-policy': 'hook-succeeded' }),
      }),
    });
    await ready();
    const [b, a, object, c] = await Promise.all(['b', 'a', 'app-cm', 'c'].map((name) => get('ConfigMap', name)));
    assert.ok(version(b) < version(a) && version(a) < version(object) && version(object) < version(c));
    assert.equal(await get('ConfigMap', 'd'), undefined);
    const [record] = await records();
    assert.deepEqual(
      record?.hooks?.map(({ name, last_run }) => [name, last_run?.phase]).sort(),
      ['a', 'b', 'c', 'd'].map((name) => [name, 'Succeeded']),
    );
    // No part of the release: not deleted with what is not in the next revision, made anew only where it runs.
    const { uid } = a!.metadata;
    await apply('app', { values: { v: 'next' } });
    await ready();
    const again = await get('ConfigMap', 'a');
    assert.notEqual(again?.metadata.uid, uid);
    assert.deepEqual(again?.['data'], { v: 'next' });
    assert.equal((await get('ConfigMap', 'b'))?.metadata.uid, b!.metadata.uid);
  });

  test('a Job has to be complete before all else is applied', async () => {
    const { namespace, get, ready } = await createReleases(world, {
      '1.0.0': chartFiles({ 'templates/j.yaml': job('migrate', { 'helm.sh/hook': 'pre-install' }) }),
    });
    await world.eventually('the Job is there', () => get('Job', 'migrate', 'batch/v1'));
    assert.equal(await get('ConfigMap', 'app-cm'), undefined);
    await conclude(namespace, 'migrate', 'Complete');
    await ready();
    assert.ok(await get('ConfigMap', 'app-cm'));
  });

  test('a Job that fails ends the install, with what it had to say', async () => {
    const { namespace, failed, phases, records, get } = await createReleases(
      world,
      {
        '1.0.0': chartFiles({
          'templates/j.yaml': job('migrate', { 'helm.sh/hook': 'pre-install', 'helm.sh/hook-delete-policy': 'hook-failed' }),
        }),
      },
      { app: ONCE },
    );
    await conclude(namespace, 'migrate', 'Failed');
    const { message } = await failed(/InstallFailed/);
    assert.match(message, /failed pre-install: .*Job\/r\d+\/migrate.*/);
    assert.deepEqual(await phases(), ['1 failed']);
    assert.equal((await records())[0]?.hooks?.[0]?.last_run?.phase, 'Failed');
    assert.equal(await get('Job', 'migrate', 'batch/v1'), undefined);
    assert.equal(await get('ConfigMap', 'app-cm'), undefined);
  });

  test('one that hangs is waited for as long as the action may take', async () => {
    const { failed, phases } = await createReleases(
      world,
      { '1.0.0': chartFiles({ 'templates/j.yaml': job('hangs', { 'helm.sh/hook': 'post-install' }) }) },
      { app: { timeout: '1s', ...ONCE } },
    );
    assert.match(
      (await failed(/InstallFailed/)).message,
      /failed post-install: .*timeout waiting for: \[Job\/r\d+\/hangs status: 'InProgress'\]/,
    );
    assert.deepEqual(await phases(), ['1 failed']);
  });

  test('two of one name run one after the other, where post-renderers do not see them', async () => {
    const { namespace, ready, failed, records, apply } = await createReleases(
      world,
      {
        '1.0.0': chartFiles({
          'templates/a.yaml': hook('twice', { 'helm.sh/hook': 'pre-install' }),
          'templates/b.yaml': hook('twice', { 'helm.sh/hook': 'pre-install' }),
        }),
      },
      { app: ONCE },
    );
    const { message } = await failed(/InstallFailed/);
    assert.match(message, /already registered id: ConfigMap\.v1\.\[noGrp\]\/twice\.\[noNs\].*postRenderStrategy/);
    await apply('app', { ...ONCE, postRenderStrategy: 'nohooks' });
    await ready();
    assert.deepEqual(
      (await records())[0]?.hooks?.map(({ last_run }) => last_run?.phase),
      ['Succeeded', 'Succeeded'],
      namespace,
    );
  });

  test('one may be of a kind that came up while the release was made', async () => {
    const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: latecomers.example.com}
spec:
  group: example.com
  names: {kind: Latecomer, plural: latecomers}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`;
    const latecomer = 'apiVersion: example.com/v1\nkind: Latecomer\nmetadata: {name: x, annotations: {helm.sh/hook: post-install}}\n';
    const { ready, get } = await createReleases(world, {
      '1.0.0': chartFiles({ 'templates/crd.yaml': definition, 'templates/x.yaml': latecomer }),
    });
    await ready();
    assert.ok(await get('Latecomer', 'x', 'example.com/v1'));
  });

  test('disableHooks leaves them alone', async () => {
    const { ready, get } = await createReleases(
      world,
      { '1.0.0': chartFiles({ 'templates/a.yaml': hook('never', { 'helm.sh/hook': 'pre-install' }) }) },
      { app: { install: { disableHooks: true } } },
    );
    await ready();
    assert.equal(await get('ConfigMap', 'never'), undefined);
  });

  test('hooks of an uninstall run before and after it', async () => {
    const {
      namespace,
      ready,
      get,
      release,
      delete: remove,
    } = await createReleases(world, {
      '1.0.0': chartFiles({
        'templates/a.yaml': job('backup', { 'helm.sh/hook': 'pre-delete' }),
        'templates/b.yaml': hook('after', { 'helm.sh/hook': 'post-delete' }),
      }),
    });
    await ready();
    await remove();
    await world.eventually('the Job is there', () => get('Job', 'backup', 'batch/v1'));
    assert.ok(await get('ConfigMap', 'app-cm'));
    await conclude(namespace, 'backup', 'Complete');
    await world.eventually('it is gone', async () => (await release()) === undefined);
    assert.ok(await get('ConfigMap', 'after'));
    assert.equal(await get('ConfigMap', 'app-cm'), undefined);
  });

  test('tests that fail make a release that failed, unless that is to be ignored', async () => {
    const files = chartFiles({ 'templates/t.yaml': job('check', { 'helm.sh/hook': 'test' }) });
    const spec = {
      test: { enable: true },
      install: { strategy: { name: 'RemediateOnFailure' }, remediation: { retries: 0, ignoreTestFailures: false } },
    };
    const strict = await createReleases(world, { '1.0.0': files }, { app: spec });
    await conclude(strict.namespace, 'check', 'Failed');
    await strict.becomes('Ready', 'False', /TestFailed/);
    assert.equal((await strict.becomes('TestSuccess', 'False', /TestFailed/)).reason, 'TestFailed');

    const lenient = await createReleases(world, { '1.0.0': files }, { app: { test: { enable: true, ignoreFailures: true } } });
    await conclude(lenient.namespace, 'check', 'Failed');
    await lenient.becomes('TestSuccess', 'False', /TestFailed/);
    assert.equal((await lenient.ready()).reason, 'InstallSucceeded');

    const filtered = await createReleases(
      world,
      { '1.0.0': files },
      { app: { test: { enable: true, filters: [{ name: 'check', exclude: true }] } } },
    );
    assert.equal((await filtered.ready()).reason, 'TestSucceeded');
    assert.equal(await filtered.get('Job', 'check', 'batch/v1'), undefined);
  });
});
