import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { configMap, createApplication, dataOf } from '../testing/application.js';
import { keyOfKind, startWorld, type World } from '../testing/world.js';

const overlay = (...resources: string[]): string => `resources:\n${resources.map((resource) => `- ${resource}\n`).join('')}`;

describe('remote bases', { concurrency: 4 }, () => {
  let world: World;
  /** A server of files, and of redirects, with what it was asked for. */
  let files: Server;
  let origin: string;
  const asked: string[] = [];
  const contents = new Map<string, string>();

  before(async () => {
    world = await startWorld();
    files = createServer((request, response) => {
      const url = request.url ?? '';
      asked.push(url);
      const moved = /^\/moved\/([^/]+)(.*)$/.exec(url);
      if (moved !== null) response.writeHead(302, { location: `${world.git.urlOf(moved[1]!.replace('.git', ''))}${moved[2]}` }).end();
      else if (url.startsWith('/metadata')) response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
      else if (url.startsWith('/hangs')) return;
      else if (url.startsWith('/endless')) response.writeHead(200).end(Buffer.alloc(11 * 1024 * 1024, '#'));
      else if (contents.has(url)) response.writeHead(200, { 'content-type': 'text/plain' }).end(contents.get(url));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
    await world.startControllers();
  });
  after(async () => {
    files.closeAllConnections();
    files.close();
    await world.close();
  });

  const request = (namespace: string, name = 'app'): Promise<unknown> =>
    world.cluster.patch(keyOfKind('Kustomization', namespace, name), 'merge', {
      metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': String(Math.random()) } },
    });

  test('a base in a Git repository is built, and again when its branch has moved on', async () => {
    world.git.commit('remote-a', {
      files: { 'deploy/kustomization.yaml': overlay('cm.yaml'), 'deploy/cm.yaml': configMap('base', '"1"') },
    });
    const { ready, get, namespace, kustomization } = await createApplication(world, {
      'kustomization.yaml': `${overlay(`${world.git.urlOf('remote-a')}//deploy?ref=main`)}namePrefix: my-\n`,
    });
    await ready();
    assert.deepEqual(dataOf(await get('ConfigMap', 'my-base')), { v: '1' });
    const { lastAppliedRevision } = (await kustomization()).status!;

    world.git.commit('remote-a', { files: { 'deploy/cm.yaml': configMap('base', '"2"') } });
    await request(namespace);
    await world.eventually('the new commit of the base is applied', async () => {
      const { v } = dataOf(await get('ConfigMap', 'my-base')) as { v: string };
      return v === '2';
    });
    assert.equal((await kustomization()).status!.lastAppliedRevision, lastAppliedRevision);
  });

  for (const [name, ref] of [
    ['without a reference', ''],
    ['by its tag', '?ref=v1'],
    ['by its commit', '?ref=COMMIT'],
    ['by the full name of a reference', '?ref=refs/heads/main'],
  ] as const) {
    test(`a base ${name}`, async () => {
      const repository = `remote-${name.replaceAll(' ', '-')}`;
      const commit = world.git.commit(repository, {
        files: { 'kustomization.yaml': overlay('cm.yaml'), 'cm.yaml': configMap('base', '"1"') },
        tag: 'v1',
      });
      const { ready, get } = await createApplication(world, {
        'kustomization.yaml': overlay(world.git.urlOf(repository) + ref.replace('COMMIT', commit)),
      });
      await ready();
      assert.deepEqual(dataOf(await get('ConfigMap', 'base')), { v: '1' });
    });
  }

  test('a file over HTTP is a resource, and looked at in each round; drift is put right without it', async () => {
    contents.set('/cm.yaml', configMap('file', '"1"'));
    const { ready, get, namespace } = await createApplication(world, { 'kustomization.yaml': overlay(`${origin}/cm.yaml`) });
    await ready();
    contents.set('/cm.yaml', configMap('file', '"2"'));
    await request(namespace);
    const becomes = (value: string): Promise<unknown> =>
      world.eventually(`the value is ${value}`, async () => (dataOf(await get('ConfigMap', 'file')) as { v: string }).v === value);
    await becomes('2');

    contents.delete('/cm.yaml');
    await world.cluster.patch({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'file' }, 'merge', { data: { v: 'drifted' } });
    await becomes('2');
    await ready();
  });

  test('what cannot be fetched is said with its place, leaves everything as it is, and is made up for', async () => {
    contents.set('/later.yaml', configMap('later', '"1"'));
    const { ready, failed, get, namespace } = await createApplication(world, { 'kustomization.yaml': overlay(`${origin}/later.yaml`) });
    await ready();
    contents.delete('/later.yaml');
    await request(namespace);
    await failed('BuildFailed', /^kustomize build failed: a remote base can't be fetched: unable to clone 'http:.*later\.yaml'/);
    assert.notEqual(await get('ConfigMap', 'later'), undefined);
    contents.set('/later.yaml', configMap('later', '"1"'));
    await ready();
  });

  test('a repository that has moved is found where it is now', async () => {
    world.git.commit('remote-moved', { files: { 'kustomization.yaml': overlay('cm.yaml'), 'cm.yaml': configMap('base', '"1"') } });
    const { ready } = await createApplication(world, { 'kustomization.yaml': overlay(`${origin}/moved/remote-moved.git?ref=main`) });
    await ready();
  });

  for (const { name, base, message } of [
    { name: 'of a link-local address', base: () => 'http://169.254.169.254/latest/meta-data', message: /link-local/ },
    { name: 'that redirects to a link-local address', base: () => `${origin}/metadata`, message: /link-local/ },
    { name: 'on this machine', base: () => 'file:///etc', message: /local one, which is not allowed/ },
    { name: 'of another program', base: () => 'git::ext::sh -c touch% /x', message: /has no protocol that is allowed|spaces/ },
    { name: 'that is too large', base: () => `${origin}/endless.yaml`, message: /more than \d+ bytes/ },
    { name: 'over ssh, for which there are no credentials', base: () => 'git@127.0.0.1:org/repo.git', message: /'identity' is required/ },
  ]) {
    test(`a base ${name} is refused`, async () => {
      const { failed } = await createApplication(world, { 'kustomization.yaml': overlay(`'${base()}'`) });
      await failed('BuildFailed', message);
    });
  }

  test('a server that hangs holds up nobody else', async () => {
    await createApplication(world, { 'kustomization.yaml': overlay(`${origin}/hangs`) });
    const { ready } = await createApplication(world, { 'cm.yaml': configMap('other', '"1"') });
    await ready();
  });

  test('a base that leads out of its repository is refused', async () => {
    world.git.commit('remote-escape', { files: { 'deploy/kustomization.yaml': overlay('../../secret.yaml') } });
    const { failed } = await createApplication(world, {
      'secret.yaml': configMap('secret', '"1"'),
      'kustomization.yaml': overlay(`${world.git.urlOf('remote-escape')}//deploy?ref=main`),
    });
    await failed('BuildFailed');
  });

  test('a password in the address of a base is told to nobody', async () => {
    const host = new URL(origin).host;
    for (const base of [
      `http://ada:hunter2@${host}/nothing//app?ref=v1`,
      `http://ada:hunter2@${host}/nothing.yaml`,
      `git::http://hunter2@${host}/x`,
    ]) {
      const { failed, namespace, kustomization } = await createApplication(world, { 'kustomization.yaml': overlay(base) });
      const { message } = await failed('BuildFailed');
      const told = world.events.filter(({ involvedObject }) => involvedObject.namespace === namespace);
      assert.doesNotMatch(JSON.stringify([message, told, await kustomization()]), /hunter2/);
    }
  });

  test('nor is it in what a build notes about its objects', async () => {
    world.git.commit('remote-origin', { files: { 'kustomization.yaml': overlay('cm.yaml'), 'cm.yaml': configMap('base', '"1"') } });
    const base = world.git.urlOf('remote-origin').replace('://', '://ada:hunter2@');
    const { ready, get } = await createApplication(world, {
      'kustomization.yaml': `${overlay(base)}buildMetadata: [originAnnotations, transformerAnnotations]\nnamePrefix: my-\n`,
    });
    await ready();
    const { annotations } = (await get('ConfigMap', 'my-base'))!.metadata;
    assert.notEqual(annotations?.['config.kubernetes.io/origin'], undefined);
    assert.doesNotMatch(JSON.stringify(annotations), /hunter2/);
  });
});

test('remote bases are refused where the settings say so', async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  await world.startControllers({ settings: { noRemoteBases: true } });
  const { failed } = await createApplication(world, { 'kustomization.yaml': overlay('https://example.com/org/base?ref=v1') });
  await failed(
    'BuildFailed',
    /https:\/\/example\.com\/org\/base\?ref=v1 is not in the tree of this build, and remote bases are off.*\[kustomization\.yaml:2\]$/s,
  );
});
