import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { createLogger } from '@sluice/runtime';
import { generateAgeKey } from '@sluice/sops';
import { configMap } from '@sluice/controllers/testing';
import { gitApplication } from '../git-application.js';
import { runSluice } from '../quickstart.js';
import { looseDefinition, openArena, type Arena } from './arena.js';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: s3cret-value\n';

describe('secrets and tenants', () => {
  let arena: Arena;
  let directory: string;
  /** Every line of the log. */
  const logged: string[] = [];
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-hostile-secrets-'));
    const log = createLogger({ level: 'trace', write: (line) => logged.push(line) });
    arena = await openArena({ settings: { sopsMac: 'enforce', noCrossNamespaceRefs: true }, log });
  });
  after(async () => {
    await arena.close();
    rmSync(directory, { recursive: true });
  });
  afterEach(() => arena.goesOn());

  const encrypted = async (recipient: string): Promise<string> => {
    const file = join(directory, 'secret.yaml');
    writeFileSync(file, SECRET);
    const { code, stderr } = await runSluice([
      'sops',
      'encrypt',
      '-i',
      '--age',
      recipient,
      '--encrypted-regex',
      '^(data|stringData)$',
      file,
    ]);
    assert.equal(code, 0, stderr);
    return readFileSync(file, 'utf8');
  };
  const keySecret = (namespace: string, identity: string) =>
    arena.world.cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'age', namespace },
      stringData: { 'a.agekey': identity },
    });
  const decryption = { provider: 'sops', secretRef: { name: 'age' } };
  /** Everything that is told about a namespace: statuses and events. */
  const told = async (namespace: string): Promise<string> => {
    const { items } = await arena.world.cluster.list({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', namespace });
    return JSON.stringify([items, arena.world.events.filter(({ involvedObject }) => involvedObject.namespace === namespace)]);
  };

  test('39: a wrong key fails, and no plain text is in any message', async () => {
    const [right, wrong] = [await generateAgeKey(), await generateAgeKey()];
    const app = await gitApplication(arena.world, { 's.yaml': await encrypted(right.recipient) }, { app: { path: './', decryption } });
    await keySecret(app.namespace, wrong.identity);
    const { message } = await app.failed('BuildFailed', /s\.yaml/);
    assert.ok(!message.includes('AGE-SECRET-KEY'), message);
    const all = await told(app.namespace);
    for (const text of ['s3cret-value', wrong.identity]) assert.ok(!all.includes(text));
    assert.equal(await app.get('Secret', 's'), undefined);
  });

  test('39: a file that was tampered with fails', async () => {
    const { identity, recipient } = await generateAgeKey();
    const text = (await encrypted(recipient)).replace('name: s\n', 'name: other\n');
    const app = await gitApplication(arena.world, { 's.yaml': text }, { app: { path: './', decryption } });
    await keySecret(app.namespace, identity);
    await app.failed('BuildFailed', /s\.yaml.*MAC|MAC.*s\.yaml/s);
    assert.ok(!(await told(app.namespace)).includes('s3cret-value'));
  });

  test("40: a Secret's value is in no event, no status and no line of the log, not when it is refused either", async () => {
    const app = await gitApplication(arena.world, { 's.yaml': SECRET });
    await app.ready();
    await arena.world.cluster.patch(
      { apiVersion: 'v1', kind: 'Secret', namespace: app.namespace, name: 's' },
      'merge',
      { stringData: { password: 'by-hand-s3cret' } },
      { fieldManager: 'hand' },
    );
    const value = Buffer.from('s3cret-value').toString('base64');
    await arena.world.eventually('it is put right', async () => JSON.stringify((await app.get('Secret', 's'))?.['data']).includes(value));
    await app.push({ files: { 's.yaml': SECRET.replace('stringData', 'data') } });
    await app.failed('BuildFailed', /^/).catch(() => app.failed('ReconciliationFailed', /^/));
    const all = (await told(app.namespace)) + logged.join('\n');
    for (const text of ['s3cret-value', value, 'by-hand-s3cret']) assert.ok(!all.includes(text), text);
    assert.ok(logged.some((line) => line.includes(app.namespace)));
  });

  for (const [what, user, message] of [
    [
      'a command',
      { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'touch', args: ['/tmp/sluice-hostile-41'] } },
      /exec|command/,
    ],
    [
      'an auth-provider',
      { 'auth-provider': { name: 'gcp', config: { 'cmd-path': 'touch', 'cmd-args': '/tmp/sluice-hostile-41' } } },
      /auth-provider/,
    ],
    ['a file of this machine', { tokenFile: '/etc/hostname' }, /tokenFile|file/],
  ] as const) {
    test(`41: a kubeconfig that asks for ${what} is refused`, async () => {
      const app = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') }, {});
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      };
      await arena.world.cluster.create({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'kubeconfig', namespace: app.namespace },
        stringData: { value: JSON.stringify(config) },
      });
      await app.apply('app', { path: './', kubeConfig: { secretRef: { name: 'kubeconfig' } } });
      await arena.world.eventually('it is refused', async () => {
        const now = await app.condition('Ready');
        return now?.status === 'False' && message.test(now.message);
      });
      assert.ok(!existsSync('/tmp/sluice-hostile-41'));
    });
  }

  test('42: a source in another namespace is AccessDenied under lockdown', async () => {
    const other = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') });
    const app = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') }, {});
    await app.apply('app', { path: './', sourceRef: { kind: 'GitRepository', name: 'repo', namespace: other.namespace } });
    await app.failed('AccessDenied');
    assert.equal(await app.get('ConfigMap', 'a'), undefined);
  });

  test('43: without its ServiceAccount nothing is applied: never with the rights of the engine', async () => {
    const app = await gitApplication(
      arena.world,
      { 'a.yaml': configMap('a', '"1"') },
      { app: { path: './', serviceAccountName: 'nobody' } },
    );
    await arena.world.eventually('it is denied', async () => {
      const now = await app.condition('Ready');
      return now?.status === 'False' && /nobody|forbidden/.test(now.message);
    });
    assert.equal(await app.get('ConfigMap', 'a'), undefined);
  });

  test('44: a SealedSecret is a custom resource like any other: nothing here opens one, and no Secret is touched', async () => {
    await arena.world.cluster.create(looseDefinition('bitnami.com', 'v1alpha1', 'SealedSecret'));
    const app = await gitApplication(arena.world, {});
    const theirs = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: app.namespace } };
    const before = await arena.world.cluster.create<KubeObject>({ ...theirs, stringData: { password: 'theirs' } });
    const sealed = { encryptedData: { password: 'AgA=' }, template: { metadata: { name: 's' } } };
    await app.push({
      files: {
        's.yaml': JSON.stringify({ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: 's' }, spec: sealed }),
      },
    });
    await app.ready();
    assert.deepEqual((await app.get('SealedSecret', 's', 'bitnami.com/v1alpha1'))?.['spec'], sealed);
    assert.equal((await app.get('Secret', 's'))?.metadata.resourceVersion, before.metadata.resourceVersion);
  });
});
