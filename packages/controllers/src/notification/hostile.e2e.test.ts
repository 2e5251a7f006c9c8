import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { createCluster } from '@sluice/kube';
import { conditionsOf } from '@sluice/runtime';
import type { Controllers } from '../start.js';
import { eventAbout, NAMESPACE, post, startInbox, type Inbox } from '../testing/inbox.js';
import { startWorld, type World } from '../testing/world.js';

const GROUP = 'notification.toolkit.fluxcd.io';

describe('what notifications and webhooks meet', () => {
  let world: World;
  let controllers: Controllers;
  let inbox: Inbox;
  /** Requests to the API. */
  let requests = 0;

  before(async () => {
    world = await startWorld();
    await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    inbox = await startInbox();
    const cluster = createCluster((request) => {
      requests += 1;
      return world.embedded.fetch(request);
    });
    controllers = await world.startControllers({ cluster });
  });
  after(async () => {
    await world.close();
    await inbox.close();
  });

  const apply = (object: object): Promise<KubeObject> => world.cluster.apply(object as KubeObject, { fieldManager: 'test', force: true });

  /** A Provider with an Alert for the Kustomization of its name, in a version of the API. */
  async function provider(name: string, spec: object, version = 'v1beta3', kind = 'Kustomization'): Promise<void> {
    const metadata = { name, namespace: NAMESPACE };
    await apply({ apiVersion: `${GROUP}/${version}`, kind: 'Provider', metadata, spec });
    const alert = { providerRef: { name }, eventSeverity: 'info', eventSources: [{ kind, name }] };
    await apply({ apiVersion: `${GROUP}/${version}`, kind: 'Alert', metadata, spec: alert });
    // The caches of the controllers have them a moment later.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }

  const secret = (name: string, stringData: object): Promise<KubeObject> =>
    apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NAMESPACE }, stringData });

  const tell = (name: string, message = 'hello'): ReturnType<typeof post> => post(controllers.eventHandler, eventAbout(name, message));

  async function failureOf(name: string): Promise<string> {
    return await world.eventually(`${name} says that it fails`, async () => {
      const object = await world.cluster.get({ apiVersion: `${GROUP}/v1beta3`, kind: 'Provider', namespace: NAMESPACE, name });
      return conditionsOf(object!).find(({ type, status }) => type === 'Ready' && status === 'False')?.message;
    });
  }

  test('a redirect is not followed: what is sent may be secret', async () => {
    const elsewhere = await startInbox();
    const redirecting = await startInbox((_, response) => {
      response.writeHead(307, { location: elsewhere.url }).end();
      return true;
    });
    try {
      await provider('redirected', { type: 'generic', address: redirecting.url });
      await tell('redirected');
      assert.match(await failureOf('redirected'), /307/);
      assert.deepEqual(elsewhere.bodies, []);
    } finally {
      await redirecting.close();
      await elsewhere.close();
    }
  });

  test('a server that drips ends with the timeout, and holds up nobody else', async () => {
    const timers: NodeJS.Timeout[] = [];
    const dripping = await startInbox((_, response) => {
      response.writeHead(500);
      timers.push(setInterval(() => response.write('.'), 20));
      return true;
    });
    try {
      await provider('dripping', { type: 'generic', address: dripping.url, timeout: '1s' });
      await provider('beside', { type: 'generic', address: inbox.url });
      inbox.bodies.length = 0;
      await tell('dripping');
      const started = performance.now();
      await tell('beside');
      await world.eventually('the other is told', () => inbox.bodies.length === 1);
      assert.ok(performance.now() - started < 900);
      assert.match(await failureOf('dripping'), /no answer in time/);
    } finally {
      for (const timer of timers) clearInterval(timer);
      await dripping.close();
    }
  });

  test('line breaks around what a Secret has are not sent; within, they are refused and not shown', async () => {
    inbox.bodies.length = 0;
    inbox.headers.length = 0;
    await secret('lines', { address: `${inbox.url}\n`, token: 'secret-token\n', headers: 'X-Own: mine\n' });
    await provider('lines', { type: 'generic', secretRef: { name: 'lines' } });
    await tell('lines');
    await world.eventually('it is told', () => inbox.bodies.length === 1);
    assert.equal(inbox.headers[0]?.['x-own'], 'mine');

    await secret('broken', { address: inbox.url, headers: '"X-Own": "evil\\r\\nX-Injected: yes"\n' });
    await provider('broken', { type: 'generic', secretRef: { name: 'broken' } });
    await tell('broken');
    const message = await failureOf('broken');
    assert.match(message, /the value of the header X-Own has characters that can not be sent/);
    assert.doesNotMatch(message, /X-Injected/);
    assert.equal(
      inbox.headers.some((headers) => 'x-injected' in headers),
      false,
    );
  });

  test('control characters and a megabyte of text arrive as they are', async () => {
    inbox.bodies.length = 0;
    await provider('large', { type: 'generic', address: inbox.url });
    const message = `\u0000\u0007\u001b[31m\u202e${'x'.repeat(1024 * 1024)}`;
    await tell('large', message);
    await world.eventually('it is told', () => inbox.bodies.length === 1);
    assert.equal((JSON.parse(inbox.bodies[0] ?? '') as { message: string }).message, message);
  });

  test('a burst about objects whose labels count reads them once, not for each event', async () => {
    const [metadata, chosen] = [{ name: 'labelled', namespace: NAMESPACE }, { team: 'platform' }];
    const sourceRef = { kind: 'GitRepository', name: 'none' };
    for (const [name, labels] of [
      ['chosen', chosen],
      ['others', { team: 'others' }],
    ] as const) {
      const spec = { interval: '1h', prune: false, suspend: true, sourceRef };
      await apply({
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        metadata: { name, namespace: NAMESPACE, labels },
        spec,
      });
    }
    const own = await startInbox();
    await apply({ apiVersion: `${GROUP}/v1beta3`, kind: 'Provider', metadata, spec: { type: 'generic', address: own.url } });
    const eventSources = [{ kind: 'Kustomization', name: '*', matchLabels: chosen }];
    await apply({ apiVersion: `${GROUP}/v1beta3`, kind: 'Alert', metadata, spec: { providerRef: { name: 'labelled' }, eventSources } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = requests;
    for (let index = 0; index < 500; index++) {
      await tell('chosen', `message ${index}`);
      await tell('others', `message ${index}`);
    }
    await world.eventually('the last one is told', () => own.bodies.some((body) => body.includes('chosen')));
    assert.ok(requests - before < 100, `${requests - before} requests`);
    assert.ok(!own.bodies.some((body) => body.includes('others')));
    await own.close();
  });

  for (const version of ['v1beta1', 'v1beta2']) {
    test(`a Provider and an Alert of ${version} work`, async () => {
      inbox.bodies.length = 0;
      const name = `older-${version}`;
      await secret(name, { address: inbox.url });
      await provider(name, { type: 'slack', channel: 'platform-alerts', secretRef: { name } }, version);
      await tell(name);
      await world.eventually('it is told', () => inbox.bodies.length === 1);
      assert.match(inbox.bodies[0] ?? '', /"channel":"platform-alerts"/);
    });
  }

  test('paths that nobody has cost no request to the API, and are told apart by nothing', async () => {
    const paths = [
      '/hook/',
      '/hook/0000',
      `/hook/${'0'.repeat(64)}`,
      `/hook/${'a'.repeat(100_000)}`,
      '/hook/../hook/x',
      '/hook/%00',
      '/hook/__proto__',
      '/',
    ];
    const before = requests;
    for (let round = 0; round < 100; round++) {
      for (const path of paths) {
        const answer = await post(controllers.webhookHandler, {}, path);
        assert.deepEqual([answer.status, answer.body], [404, ''], path.slice(0, 100));
      }
    }
    assert.equal(requests, before);
  });

  test('a webhook that is replayed is answered, and makes no work of its own', async () => {
    const metadata = { name: 'replayed', namespace: NAMESPACE };
    await secret('replayed', { token: 'abc' });
    world.git.commit('replayed', { files: { 'cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n' } });
    const spec = { url: world.git.urlOf('replayed'), interval: '1h', ref: { branch: 'main' } };
    await apply({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', metadata, spec });
    const receiver = { apiVersion: `${GROUP}/v1`, kind: 'Receiver', metadata };
    await apply({
      ...receiver,
      spec: { type: 'generic', secretRef: { name: 'replayed' }, resources: [{ kind: 'GitRepository', name: 'replayed' }] },
    });
    const path = await world.eventually('the receiver has a path', async () => {
      const object = await world.cluster.get({ apiVersion: receiver.apiVersion, kind: receiver.kind, ...metadata });
      return (object?.['status'] as { webhookPath?: string } | undefined)?.webhookPath;
    });
    const before = await passes(controllers);
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => post(controllers.webhookHandler, { ref: 'refs/heads/main' }, path)),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok((await passes(controllers)) - before < 100, `${(await passes(controllers)) - before} passes`);
  });
});

/** How many passes there were over GitRepositories. */
async function passes({ metrics }: Controllers): Promise<number> {
  const counts = (await metrics.render()).matchAll(/reconcile_total\{controller="gitrepository",result="\w+"\} (\d+)/g);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}
