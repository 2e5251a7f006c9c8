import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '@sluice/core';
import * as fc from 'fast-check';
import { dropReason, prepareNotification } from './dispatch.js';
import { readEvent, type NotificationEvent } from './event.js';
import { rateLimitKey, withoutForeignMetadata } from './metadata.js';
import type { HttpRequest, MailMessage, Outlet } from './outlet.js';
import { notifiers } from './providers/index.js';

const event: NotificationEvent = readEvent({
  involvedObject: { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', name: 'apps', namespace: 'flux-system', uid: 'u' },
  severity: 'error',
  timestamp: '2024-05-06T07:08:09Z',
  message: 'Health check failed',
  reason: 'HealthCheckFailed',
  metadata: { 'kustomize.toolkit.fluxcd.io/revision': `main@sha1:${'a'.repeat(40)}` },
  reportingController: 'kustomize-controller',
});

void test('any JSON is an event or an error that says why', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        rateLimitKey(withoutForeignMetadata(readEvent(value)));
      } catch (error) {
        assert.ok(error instanceof SluiceError && error.reason === 'EventInvalid');
      }
    }),
  );
});

void test('whatever an event says, what goes out is text that parses', async () => {
  const names = [...notifiers.keys()].filter((type) => !['googlepubsub', 'azuredevops'].includes(type));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.string({ unit: 'binary' }),
      fc.dictionary(fc.string(), fc.string()),
      async (type, message, metadata) => {
        const wild = { ...event, message, metadata: { ...metadata, ...event.metadata, 'event.toolkit.fluxcd.io/change_request': '7' } };
        for (const { headers, body } of await sent(type, wild)) {
          for (const value of Object.values(headers)) assert.doesNotMatch(value, /[\r\n]/u);
          if (body !== undefined && headers['Content-Type'] === 'application/json') JSON.parse(String(body));
        }
      },
    ),
    { numRuns: 300 },
  );
});

void test('mail says in its subject what happened to what, and in one line', async () => {
  const mails: MailMessage[] = [];
  await sent('email', { ...event, reason: 'HealthCheck\r\nBcc: all@example.com' }, mails);
  assert.equal(mails.length, 1);
  assert.deepEqual(mails[0]?.to, ['ops@example.com', 'oncall@example.com']);
  assert.equal(mails[0]?.from, 'flux@example.com');
  assert.doesNotMatch(mails[0]?.subject ?? '\n', /[\r\n]/u);
  assert.match(mails[0]?.subject ?? '', /^\[FAILED\] kustomization\/apps in flux-system: health check/u);
  assert.match(mails[0]?.text ?? '', /^Health check failed\n\nObject: Kustomization\/flux-system\/apps\n/u);
});

void test('an event hub is sent a signature that ends', async () => {
  const [request] = await sent('azureeventhub', event);
  assert.equal(request?.url, 'https://ns.servicebus.windows.net/hub/messages');
  assert.match(request?.headers['Authorization'] ?? '', /^SharedAccessSignature sr=https%3A%2F%2Fns.*&sig=[^&]+&se=1714980010&skn=send$/u);
});

/** What a provider of a type sends for an event, to servers that have nothing. */
async function sent(type: string, about: NotificationEvent, mails: MailMessage[] = []): Promise<HttpRequest[]> {
  const requests: HttpRequest[] = [];
  const metadata = { name: 'p', namespace: 'flux-system', uid: 'uid-1' };
  const spec = {
    type,
    address: addresses[type] ?? 'https://provider.example/org/repo',
    channel: type === 'zulip' ? 'a/b' : type === 'email' ? 'ops@example.com, oncall@example.com' : 'channel',
  };
  const provider = { object: { apiVersion: 'v1', kind: 'Provider', metadata }, spec };
  if (dropReason(spec, about) !== undefined) return [];
  const secret = type === 'azureeventhub' ? {} : { token: type === 'bitbucket' ? 'u:p' : 'token\n' };
  const alert = { object: { apiVersion: 'v1', kind: 'Alert', metadata }, spec: {} };
  const outlet: Outlet = {
    alert: metadata,
    now: () => new Date('2024-05-06T07:10:10Z'),
    randomBytes: (count) => new Uint8Array(count),
    send(request) {
      requests.push(request);
      return Promise.resolve({ status: 200, body: request.url.endsWith('/user') ? '{"login":"me","username":"me"}' : '[]' });
    },
    publish: () => Promise.resolve(),
    mail(message) {
      mails.push(message);
      return Promise.resolve();
    },
    googleToken: () => Promise.resolve('token'),
    azureToken: () => Promise.resolve('token'),
    githubAppToken: () => Promise.resolve({ token: 'token', slug: 'app' }),
  };
  const notification = prepareNotification(about, alert, provider, secret);
  await notification.notify(notification.event, outlet);
  return requests;
}

const addresses: Readonly<Record<string, string>> = {
  sentry: 'https://key@provider.example/1',
  bitbucketserver: 'https://provider.example/scm/org/repo.git',
  email: 'smtp://mail.example:587?from=flux@example.com',
  azureeventhub: 'Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=c2VjcmV0;EntityPath=hub',
};
