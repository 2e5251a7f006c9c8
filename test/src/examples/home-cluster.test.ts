import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { commit, git, removeState, runSluice, startQuickstart, waitForCommit, waitForState, type Quickstart } from '../quickstart.js';

const database = { apiVersion: 'v1', kind: 'Secret', namespace: 'databases', name: 'database' };
const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'photos', name: 'photos' };
const receiver = { apiVersion: 'notification.toolkit.fluxcd.io/v1', kind: 'Receiver', namespace: 'flux-system', name: 'github' };
const source = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' };
const SECRETS = 'kubernetes/flux/vars/cluster-secrets.sops.yaml';

const passwordOf = (object: KubeObject | undefined): string =>
  Buffer.from((object?.['data'] as { password?: string } | undefined)?.password ?? '', 'base64').toString();

describe('examples/home-cluster', () => {
  let home: Quickstart;
  const sluice = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runSluice(args, {
      KUBECONFIG: home.kubeconfig,
      SOPS_AGE_KEY_FILE: join(home.directory, 'age.agekey'),
    });
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  before(async () => {
    home = await startQuickstart({ example: 'home-cluster', repository: 'home' });
  });
  after(async () => {
    await home.interrupt();
    removeState(home.directory);
  });

  test('four layers, each after what it needs', () => {
    const output = home.output();
    const places = ['infrastructure', 'operators', 'core', 'apps'].map((name) => output.indexOf(`✔ kustomization ${name}: Applied`));
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? 0)),
      output,
    );
  });

  test('no secret is in Git, now or ever; all are in the cluster', async () => {
    const history = git(home.repository, 'log', '--patch', '--all');
    for (const text of ['correct horse', '5e884898da28', 'the token of this example', 'AGE-SECRET-KEY'])
      assert.ok(!history.includes(text), text);
    assert.match(history, /ENC\[AES256_GCM/);
    assert.equal(passwordOf(await home.cluster.get(database)), 'correct horse battery staple');
    const oauth = await home.cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace: 'authentication', name: 'oauth' });
    assert.ok(oauth);
    const { 'client-secret': clientSecret = '' } = oauth['data'] as Record<string, string>;
    assert.equal(Buffer.from(clientSecret, 'base64').toString(), '5e884898da28047151d0e56f8dc62927');
  });

  test('variables are filled in everywhere, numbers as numbers', async () => {
    assert.match(JSON.stringify(await home.cluster.get(ingress)), /"host":"photos.home.example.com"/);
    const photos = await home.cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'photos', name: 'photos' });
    assert.ok(photos);
    assert.equal((photos['spec'] as { replicas: number }).replicas, 2);
  });

  test('charts come over HTTP, from a registry as a Helm repository, and as an artifact', async () => {
    const releases = await sluice('get', 'helmreleases', '-A');
    for (const name of ['ingress-nginx', 'postgres-operator', 'authentication', 'photos'])
      assert.match(releases, new RegExp(`${name}\\s*\\t\\S+\\s*\\tFalse\\s*\\tTrue`));
    assert.equal(
      (await sluice('get', 'kustomizations', '-n', 'flux-system', '--status-selector', 'ready=false'))
        .split('\n')
        .filter((line) => line.includes('main@')).length,
      0,
    );
  });

  test('a changed variable reaches what uses it', async () => {
    commit(home, { 'kubernetes/flux/vars/cluster-settings.yaml': (text) => text.replace('home.example.com', 'house.example.com') });
    await waitForState(home, ingress, (object) => JSON.stringify(object).includes('photos.house.example.com'), 20_000);
  });

  test('a secret is changed with sops, and reaches what uses it', async () => {
    const plain = await sluice('sops', 'decrypt', join(home.repository, SECRETS));
    commit(home, { [SECRETS]: plain.replace('correct horse battery staple', 'another password') });
    await sluice('sops', 'encrypt', '--in-place', join(home.repository, SECRETS));
    git(home.repository, 'add', '--all');
    git(home.repository, 'commit', '--quiet', '--amend', '--no-edit');
    assert.ok(!readFileSync(join(home.repository, SECRETS), 'utf8').includes('another password'));
    await waitForState(home, database, (object) => passwordOf(object) === 'another password', 20_000);
  });

  test("GitHub's webhook asks for a fetch; one that GitHub did not sign does not", async () => {
    const hook = await home.cluster.get(receiver);
    assert.ok(hook);
    const { webhookPath } = hook['status'] as { webhookPath: string };
    const address = /metrics at (http:\S+)\/metrics/.exec(home.output())?.[1] ?? '';
    const body = JSON.stringify({ ref: 'refs/heads/main' });
    const post = (token: string): Promise<Response> =>
      fetch(`${address}${webhookPath}`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'push',
          'x-hub-signature-256': `sha256=${createHmac('sha256', token).update(body).digest('hex')}`,
        },
      });
    const requestedAt = async (): Promise<string | undefined> =>
      (await home.cluster.get(source))?.metadata.annotations?.['reconcile.fluxcd.io/requestedAt'];
    // The commits before ask for a fetch too, by the folder that is watched: they have to be through.
    let before = await requestedAt();
    for (let last: string | undefined | null = null; last !== before; before = await requestedAt()) {
      last = before;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    assert.ok((await post('another token')).status >= 400);
    assert.equal(await requestedAt(), before);
    assert.equal((await post('the token of this example')).status, 200);
    assert.notEqual(await requestedAt(), before);
  });

  test('the cluster is lost, and comes back from Git', async () => {
    const hash = git(home.repository, 'rev-parse', 'HEAD').trim();
    const { directory, port } = home;
    await home.interrupt();
    await sluice('cluster', 'reset', '--directory', directory);
    assert.ok(!existsSync(join(directory, 'kubeconfig')));
    home = await startQuickstart({ example: 'home-cluster', repository: 'home', directory, port });
    await waitForCommit(home, 'apps', hash);
    assert.equal(passwordOf(await home.cluster.get(database)), 'another password');
    assert.match(JSON.stringify(await home.cluster.get(ingress)), /photos.house.example.com/);
  });
});
