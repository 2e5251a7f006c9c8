import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { GitRepository } from '@sluice/api';
import { sourcesIn, type Sources } from '../testing/sources.js';
import { startWorld, type World } from '../testing/world.js';

const ref = { branch: 'main' };
const backoff = { firstMs: 50, longestMs: 400 };

/** A namespace and a repository of its own for each test. */
async function setUpIn(
  world: World,
  namespace: string,
  files: Readonly<Record<string, string>> = { 'a.yaml': 'a: 1\n' },
): Promise<Sources & { url: string; readonly commit: (change: object) => string }> {
  const sources = await sourcesIn(world, namespace);
  world.git.commit(namespace, { files });
  return { ...sources, url: world.git.urlOf(namespace), commit: (change) => world.git.commit(namespace, change) };
}

describe('Git repositories', { concurrency: true }, () => {
  let world: World;
  let count = 0;
  before(async () => {
    world = await startWorld();
    await world.startControllers({ backoff });
  });
  after(() => world.close());
  const setUp = (files?: Readonly<Record<string, string>>) => setUpIn(world, `git-${++count}`, files);

  test('what another one has is included, and follows it', async () => {
    const { apply, ready, failed, request, get, namespace, url, commit } = await setUp({ 'base/a.yaml': 'a: 1\n', 'b.yaml': 'b: 1\n' });
    world.git.commit(`${namespace}-own`, { files: { 'own.yaml': 'own: 1\n' } });
    const include = [{ repository: { name: 'shared' }, fromPath: 'base', toPath: 'vendor' }];
    await apply('GitRepository', 'own', { url: world.git.urlOf(`${namespace}-own`), ref, include });
    await failed('GitRepository', 'own', 'NotFound', /^could not get resource for include 'shared': /);
    await apply('GitRepository', 'shared', { url, ref });
    const first = await ready('GitRepository', 'own');
    assert.deepEqual(await filesOf(first.digest), ['own.yaml', 'vendor/a.yaml']);
    commit({ files: { 'base/c.yaml': 'c: 1\n' } });
    await request('GitRepository', 'shared');
    const second = await world.eventually('the other one follows', async () => {
      const { artifact, includedArtifacts } = (await get<GitRepository>('GitRepository', 'own')).status ?? {};
      return artifact?.digest !== first.digest && includedArtifacts?.length === 1 && artifact;
    });
    assert.equal(second.revision, first.revision);
    assert.deepEqual(await filesOf(second.digest), ['own.yaml', 'vendor/a.yaml', 'vendor/c.yaml']);
    await apply('GitRepository', 'own', { url: world.git.urlOf(`${namespace}-own`), ref, include: [{ ...include[0], fromPath: 'nope' }] });
    await failed('GitRepository', 'own', 'CopyFailure', /^failed to copy 'shared' include from nope to vendor: /);
  });

  async function filesOf(digest: string): Promise<string[]> {
    const tree = await world.store.source(digest);
    return tree.entries.filter(({ type }) => type === 'file').map(({ path }) => path);
  }

  test('all that follow a remote learn of a push when one of them looks', async () => {
    const { apply, ready, request, url, commit } = await setUp();
    const names = ['a', 'b', 'c'];
    for (const name of names) await apply('GitRepository', name, { url, ref });
    for (const name of names) await ready('GitRepository', name);
    const hash = commit({ files: { 'a.yaml': 'a: 2\n' } });
    await request('GitRepository', 'b');
    for (const name of names) await ready('GitRepository', name, new RegExp(hash));
    const { metadata } = world.events.find((event) => event.metadata['source.toolkit.fluxcd.io/revision']?.includes(hash))!;
    assert.equal(metadata['source.toolkit.fluxcd.io/commit-author'], 'test <test@example.com>');
    assert.equal(metadata['source.toolkit.fluxcd.io/commit-message'], 'change');
    assert.equal(metadata['source.toolkit.fluxcd.io/commit-signature'], 'none');
  });

  test('wrong credentials are mended as soon as the Secret is', async () => {
    const { apply, secret, failed, ready, namespace } = await setUp();
    await secret('login', { username: 'user', password: 'wr0ng' });
    await apply('GitRepository', 'repo', { url: world.git.urlOf(`auth/${namespace}`), ref, secretRef: { name: 'login' } });
    const { message } = await failed('GitRepository', 'repo', 'GitOperationFailed', /authentication required/);
    assert.ok(!message.includes('wr0ng'));
    await secret('login', { username: 'user', password: 'right' });
    await ready('GitRepository', 'repo');
  });

  const failures: readonly [what: string, spec: (url: string) => object, reason: string, message: RegExp, stalls?: 'stalls'][] = [
    [
      'a proxy that is not there',
      (url) => ({ url, proxySecretRef: { name: 'nope' } }),
      'AuthenticationFailed',
      /^failed to configure proxy options: secret '.*\/nope' not found$/,
    ],
    [
      'GitHub without an App',
      (url) => ({ url, provider: 'github' }),
      'InvalidProviderConfiguration',
      /secretRef with github app data must be specified/,
      'stalls',
    ],
    [
      'a directory that is not there',
      (url) => ({ url, ref, sparseCheckout: ['nope'] }),
      'GitOperationFailed',
      /sparse checkout dir 'nope' does not exist in repository/,
    ],
    ['a branch that is not there', (url) => ({ url, ref: { branch: 'nope' } }), 'GitOperationFailed', /couldn't find remote ref/],
    [
      'a host that is not there',
      () => ({ url: 'http://127.0.0.1:1/x.git', ref }),
      'GitOperationFailed',
      /^failed to checkout and determine revision: unable to /,
    ],
  ];
  for (const [what, spec, reason, message, stalls] of failures) {
    test(`${what}: ${reason}`, async () => {
      const { apply, failed, condition, url } = await setUp();
      await apply('GitRepository', 'repo', spec(url));
      await failed('GitRepository', 'repo', reason, message);
      assert.equal((await condition('GitRepository', 'repo', 'Stalled'))?.status, stalls && 'True');
    });
  }
});

describe('the storage of artifacts', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers({ backoff });
  });
  after(() => world.close());

  test('a full disk is said, and nothing half-written is served; when there is room again, it goes on', async () => {
    const { apply, failed, ready, url, get } = await setUpIn(world, 'full');
    let isFull = true;
    await world.stopControllers();
    const { store } = world;
    const put: typeof store.put = (...args) =>
      isFull ? Promise.reject(new Error('ENOSPC: no space left on device, write')) : store.put(...args);
    await world.startControllers({ store: { ...store, put }, backoff });
    await apply('GitRepository', 'repo', { url, ref });
    await failed('GitRepository', 'repo', 'ArchiveOperationFailed', /^unable to archive artifact to storage: ENOSPC: /);
    assert.equal((await get<GitRepository>('GitRepository', 'repo')).status?.artifact, undefined);
    isFull = false;
    await ready('GitRepository', 'repo');
    await world.stopControllers();
    await world.startControllers({ backoff });
  });

  test('an artifact that was harmed is made again', async () => {
    const { apply, ready, request, url, told, get } = await setUpIn(world, 'harmed');
    await apply('GitRepository', 'repo', { url, ref });
    const { path, digest } = await ready('GitRepository', 'repo');
    // As after a restart: what was checked once is checked anew.
    await world.stopControllers();
    writeFileSync(join(world.store.dir, 'artifacts', path), 'harmed');
    await world.startControllers({ backoff });
    await request('GitRepository', 'repo');
    await world.eventually('it is whole', async () => {
      const { artifact, lastHandledReconcileAt } = (await get<GitRepository>('GitRepository', 'repo')).status ?? {};
      return lastHandledReconcileAt !== undefined && artifact?.digest === digest;
    });
    assert.ok((await world.artifact(path)).length > 10);
    assert.ok(told('GitRepository', 'repo').some((line) => line.startsWith('error ArtifactVerificationFailed: ')));
  });
});
