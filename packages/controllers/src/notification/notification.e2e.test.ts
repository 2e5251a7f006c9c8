import assert from 'node:assert/strict';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import type { Fetch } from '@sluice/kube';
import { conditionsOf } from '@sluice/runtime';
import { certificateAuthority, serverCertificate, serverKey } from '@sluice/kube/testing';
import { SMTPServer } from 'smtp-server';
import type { Controllers } from '../start.js';
import { eventAbout, NAMESPACE, post, startInbox, type Inbox } from '../testing/inbox.js';
import { startWorld, type World } from '../testing/world.js';

const GROUP = 'notification.toolkit.fluxcd.io';

async function statusOf(handler: Fetch, body: string | Uint8Array, method: string): Promise<number> {
  const answer = await handler({ method, path: '/', headers: {}, body });
  return answer.status;
}

describe('notifications', () => {
  let world: World;
  let controllers: Controllers;
  let inbox: Inbox;

  before(async () => {
    world = await startWorld();
    await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    inbox = await startInbox();
    controllers = await world.startControllers();
  });
  after(async () => {
    await world.close();
    await inbox.close();
  });

  const apply = (object: object): Promise<KubeObject> => world.cluster.apply(object as KubeObject, { fieldManager: 'test', force: true });

  async function providerAndAlert(name: string, spec: object, alertSpec: object = {}): Promise<void> {
    const metadata = { name, namespace: NAMESPACE };
    await apply({ apiVersion: `${GROUP}/v1beta3`, kind: 'Provider', metadata, spec });
    await apply({
      apiVersion: `${GROUP}/v1beta3`,
      kind: 'Alert',
      metadata,
      spec: { providerRef: { name }, eventSources: [{ kind: 'Kustomization', name }], ...alertSpec },
    });
    // The caches of the controllers have them a moment later.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }

  test('an event that another controller posts is told once', async () => {
    await providerAndAlert('posted', { type: 'generic', address: `${inbox.url}/posted` });
    assert.equal((await post(controllers.eventHandler, eventAbout('posted', 'hello'))).status, 202);
    assert.equal((await post(controllers.eventHandler, eventAbout('posted', 'hello'))).status, 429);
    assert.equal((await post(controllers.eventHandler, eventAbout('other', 'for nobody'))).status, 202);
    const bodies = await world.eventually('the event is told', () => (inbox.bodies.length > 0 ? inbox.bodies : undefined));
    assert.equal(bodies.length, 1);
    assert.equal((JSON.parse(bodies[0] ?? '') as { message: string }).message, 'hello');
  });

  test('what is no event is refused', async () => {
    const { eventHandler } = controllers;
    const send = (body: string | Uint8Array, method = 'POST'): Promise<number> => statusOf(eventHandler, body, method);
    assert.equal(await send('{'), 400);
    assert.equal(await send('[]'), 400);
    assert.equal(await send('{"message": 7}'), 400);
    assert.equal(await send(Buffer.alloc(3 * 1024 * 1024 + 1)), 413);
    assert.equal(await send('', 'GET'), 405);
  });

  test('a provider that fails says so in its condition and in an event, without its secret, and again when it works', async () => {
    const failing = await startInbox();
    failing.status = 403;
    const secret = { name: 'failing-token', namespace: NAMESPACE };
    await world.cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: secret,
      stringData: { address: `${failing.url}/hidden-path-of-it` },
    });
    await providerAndAlert('failing', { type: 'slack', channel: 'c', secretRef: { name: secret.name } });
    const readyOf = async () => {
      const provider = await world.cluster.get({ apiVersion: `${GROUP}/v1beta3`, kind: 'Provider', namespace: NAMESPACE, name: 'failing' });
      return provider === undefined ? undefined : conditionsOf(provider).find(({ type }) => type === 'Ready');
    };
    try {
      await post(controllers.eventHandler, eventAbout('failing', 'first'));
      const ready = await world.eventually('the provider is not ready', async () => {
        const condition = await readyOf();
        return condition?.status === 'False' ? condition : undefined;
      });
      assert.match(ready.message, /status code 403: no/u);
      const events = await world.eventually('the event is recorded', async () => {
        const { items } = await world.cluster.list({ apiVersion: 'v1', kind: 'Event', namespace: NAMESPACE });
        const about = items.filter((item) => item['reason'] === 'NotificationDispatchFailed');
        return about.length > 0 ? about : undefined;
      });
      assert.match(String(events[0]?.['message']), /failed to send notification for Kustomization\/flux-system\/failing/u);
      assert.doesNotMatch(JSON.stringify([ready, events]), /hidden-path-of-it/u);
      failing.status = 200;
      await post(controllers.eventHandler, eventAbout('failing', 'second'));
      await world.eventually('the provider is ready again', async () => (await readyOf())?.status === 'True');
    } finally {
      await failing.close();
    }
  });

  test('a provider that never answers holds up nobody else', async () => {
    const sockets = new Set<Socket>();
    const silent = createTcpServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await providerAndAlert('silent', { type: 'generic', address, timeout: '1s' });
    await providerAndAlert('lively', { type: 'generic', address: `${inbox.url}/lively` });
    try {
      for (let index = 0; index < 5; index += 1) await post(controllers.eventHandler, eventAbout('silent', `n${index}`));
      await post(controllers.eventHandler, eventAbout('lively', 'at once'));
      await world.eventually('the other is told', () => inbox.bodies.some((body) => body.includes('at once')), 900);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    }
  });

  const linkLocal: readonly [name: string, spec: object][] = [
    ['http', { type: 'generic', address: 'http://169.254.169.254/latest' }],
    ['number', { type: 'generic', address: 'http://2852039166/latest' }],
    ['mapped', { type: 'generic', address: 'http://[::ffff:169.254.169.254]/latest' }],
    ['ipv6', { type: 'generic', address: 'http://[fd00:ec2::254]/latest' }],
    ['nats', { type: 'nats', address: 'nats://169.254.169.254:80', channel: 'x' }],
    ['nats-number', { type: 'nats', address: 'nats://2852039166:80', channel: 'x' }],
    ['mail', { type: 'email', address: 'smtp://169.254.169.254?from=a@b.example', channel: 'ops@example.com' }],
    ['mail-ipv6', { type: 'email', address: 'smtps://[fe80::1]?from=a@b.example', channel: 'ops@example.com' }],
  ];
  for (const [how, spec] of linkLocal) {
    test(`a link-local address is refused: ${how}`, async () => {
      const name = `metadata-${how}`;
      await providerAndAlert(name, { ...spec, timeout: '5s' });
      await post(controllers.eventHandler, eventAbout(name, 'x'));
      await world.eventually('it is said', async () => {
        const key = { apiVersion: `${GROUP}/v1beta3`, kind: 'Provider', namespace: NAMESPACE, name };
        return conditionsOf((await world.cluster.get(key)) ?? { apiVersion: '', kind: '', metadata: {} }).some(({ message }) =>
          message.includes('link-local'),
        );
      });
    });
  }

  const secret = (name: string, stringData: object): Promise<KubeObject> =>
    apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NAMESPACE }, stringData });

  describe('mail to a real SMTP server', () => {
    const mails: string[] = [];
    /** The sessions that were encrypted. */
    let encrypted = 0;
    const servers: SMTPServer[] = [];
    const start = async (secure: boolean): Promise<number> => {
      const server = new SMTPServer({
        secure,
        cert: serverCertificate,
        key: serverKey,
        onAuth: (auth, _session, done) =>
          auth.username === 'flux@example.com' && auth.password === 'pass-word' ? done(null, { user: 'flux' }) : done(new Error('no')),
        onData(stream, session, done) {
          if (session.secure) encrypted += 1;
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('end', () => {
            mails.push(Buffer.concat(chunks).toString());
            done();
          });
        },
      });
      servers.push(server);
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
      return (server.server.address() as AddressInfo).port;
    };
    let submission = 0;
    let secure = 0;
    before(async () => {
      submission = await start(false);
      secure = await start(true);
      await secret('mail-login', { username: 'flux@example.com', password: 'pass-word' });
      await secret('mail-wrong', { username: 'flux@example.com', password: 'wrong-word' });
      await secret('mail-authority', { 'ca.crt': certificateAuthority });
    });
    after(async () => {
      for (const server of servers) await new Promise<void>((resolve) => server.close(resolve));
    });

    const channel = 'ops@example.com';
    const trusted = { certSecretRef: { name: 'mail-authority' } };
    const login = { secretRef: { name: 'mail-login' } };

    for (const scheme of ['smtp', 'smtps']) {
      test(`with a login, over ${scheme}`, async () => {
        const before = encrypted;
        const address = `${scheme}://127.0.0.1:${scheme === 'smtp' ? submission : secure}`;
        await providerAndAlert(`mail-${scheme}`, { type: 'email', address, channel, ...login, ...trusted });
        await post(controllers.eventHandler, eventAbout(`mail-${scheme}`, `grüße über ${scheme}`, 'error'));
        const mail = await world.eventually('the mail is there', () => mails.find((text) => text.includes(`mail-${scheme}`)));
        assert.match(mail, /^To: ops@example\.com$/mu);
        assert.match(mail, /^From: flux@example\.com$/mu);
        assert.equal(encrypted, before + 1);
      });
    }

    const refused: readonly [what: string, spec: () => object, message: RegExp][] = [
      ['a login that is wrong', () => ({ secretRef: { name: 'mail-wrong' }, ...trusted }), /did not take the mail: .*no/u],
      ['a login to a server that nobody vouches for', () => login, /the mail server 127\.0\.0\.1:\d+ did not take the mail/u],
    ];
    for (const [index, [what, spec, message]] of refused.entries()) {
      test(`${what} is a failure, and no mail`, async () => {
        const [before, name] = [mails.length, `mail-refused-${index}`];
        await providerAndAlert(name, { type: 'email', address: `smtp://127.0.0.1:${submission}`, channel, ...spec() });
        await post(controllers.eventHandler, eventAbout(name, 'refused', 'error'));
        const key = { apiVersion: `${GROUP}/v1beta3`, kind: 'Provider', namespace: NAMESPACE, name };
        const ready = await world.eventually('it is said', async () => conditionsOf((await world.cluster.get(key))!)[0]);
        assert.match(ready.message, message);
        assert.doesNotMatch(ready.message, /word/u);
        assert.equal(mails.length, before);
      });
    }
  });

  test('a message reaches NATS by its protocol', async () => {
    const published: string[] = [];
    const server = createTcpServer((socket) => {
      socket.write('INFO {"server_id":"test","auth_required":true}\r\n');
      let text = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const match = /^CONNECT (\{.*\})\r\nPUB (\S+) (\d+)\r\n([\s\S]*)\r\nPING\r\n$/u.exec(text);
        if (match === null) return;
        const [, connect = '{}', subject = '', length = '', body = ''] = match;
        const { user, pass } = JSON.parse(connect) as { user?: string; pass?: string };
        if (user !== 'u' || pass !== 'p' || Buffer.byteLength(body) !== Number(length)) socket.end("-ERR 'Authorization Violation'\r\n");
        else {
          published.push(`${subject} ${body}`);
          socket.write('PONG\r\n');
        }
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const metadata = { name: 'nats-login', namespace: NAMESPACE };
    await world.cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { username: 'u', password: 'p' } });
    const address = `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await providerAndAlert('nats', { type: 'nats', address, channel: 'flux.events', secretRef: { name: 'nats-login' } });
    try {
      await post(controllers.eventHandler, eventAbout('nats', 'grüße'));
      await world.eventually('the message is published', () =>
        published.some((text) => text.startsWith('flux.events {') && text.includes('grüße')),
      );
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('a burst is bounded: all of it is told, grouped or counted', async () => {
    const slow = await startInbox((_request, response) => {
      setTimeout(() => response.writeHead(200).end(), 20);
      return true;
    });
    await providerAndAlert('burst', { type: 'generic', address: slow.url }, { eventSources: [{ kind: 'Kustomization', name: '*' }] });
    try {
      const count = 5_000;
      for (let index = 0; index < count; index += 1)
        await post(controllers.eventHandler, eventAbout(`app-${index % 50}`, `message ${index}`));
      const outcomes = async (): Promise<Record<string, number>> => {
        const text = await controllers.metrics.render();
        const lines = [...text.matchAll(/^gotk_notifications_total\{namespace="flux-system",name="burst",outcome="(\w+)"\} (\d+)$/gmu)];
        return Object.fromEntries(lines.map(([, outcome = '', value]) => [outcome, Number(value)]));
      };
      await world.eventually('the queue is empty', async () => {
        const { sent = 0, grouped = 0, dropped = 0 } = await outcomes();
        return sent + grouped + dropped === count;
      });
      assert.ok(slow.bodies.length < 200, `${slow.bodies.length} messages were sent`);
    } finally {
      await slow.close();
    }
  });

  test('a webhook triggers what its receiver names, and others learn nothing', async () => {
    const metadata = { name: 'hook', namespace: NAMESPACE };
    await apply({
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'GitRepository',
      metadata,
      spec: { url: 'https://git.example/x', interval: '1h', suspend: true },
    });
    await world.cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { token: 'token-of-hook' } });
    await apply({
      apiVersion: `${GROUP}/v1`,
      kind: 'Receiver',
      metadata,
      spec: { type: 'generic', secretRef: { name: 'hook' }, resources: [{ kind: 'GitRepository', name: 'hook' }] },
    });
    const receiverKey = { apiVersion: `${GROUP}/v1`, kind: 'Receiver', ...metadata };
    const path = await world.eventually('the receiver has a path', async () => {
      const receiver = await world.cluster.get(receiverKey);
      return (receiver?.['status'] as { webhookPath?: string } | undefined)?.webhookPath;
    });
    await world.eventually('the webhook is answered', async () => (await post(controllers.webhookHandler, {}, path)).status === 200);
    const repository = await world.cluster.get({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', ...metadata });
    assert.ok(repository?.metadata.annotations?.['reconcile.fluxcd.io/requestedAt'] !== undefined);
    assert.equal((await post(controllers.webhookHandler, {}, '/hook/0000')).status, 404);
    assert.equal((await post(controllers.webhookHandler, {}, `${path}?x=y`)).status, 404);

    // A token that is rotated counts at once.
    await world.cluster.patch(
      { apiVersion: 'v1', kind: 'Secret', ...metadata },
      'merge',
      { stringData: { token: 'another' } },
      { fieldManager: 'test' },
    );
    await world.eventually('the old path is closed', async () => (await post(controllers.webhookHandler, {}, path)).status === 404);
  });

  test('a provider that Flux gave a finalizer can be deleted', async () => {
    const metadata = { name: 'left', namespace: NAMESPACE, finalizers: ['finalizers.fluxcd.io'] };
    await world.cluster.create({
      apiVersion: `${GROUP}/v1beta3`,
      kind: 'Provider',
      metadata,
      spec: { type: 'generic', address: inbox.url },
    });
    const key = { apiVersion: `${GROUP}/v1beta3`, kind: 'Provider', namespace: NAMESPACE, name: 'left' };
    await world.cluster.delete(key);
    await world.eventually('it is gone', async () => (await world.cluster.get(key)) === undefined);
  });
});
