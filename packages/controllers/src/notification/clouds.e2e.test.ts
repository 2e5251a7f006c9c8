import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Alert, Provider } from '@sluice/api';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { readTraceRequest } from '@sluice/core/testing';
import { createCluster, type Cluster } from '@sluice/kube';
import { readEvent } from '@sluice/notifications';
import { createRegistry, systemClock } from '@sluice/runtime';
import { createCloudIdentities, type CloudIdentities, type CloudIdentityPool } from '../source/cloud.js';
import { startCloudServices, type CloudAnswer, type CloudRequest, type CloudServices } from '../testing/cloud-services.js';
import { eventAbout } from '../testing/inbox.js';
import { createConnections } from './connections.js';
import { sendNotification } from './send.js';

const NAMESPACE = 'default';
const PUBSUB = 'pubsub.googleapis.com';
const HUBS = 'events.servicebus.windows.net';
const COLLECTOR = 'otel.example';
const GITHUB = 'github.example';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

type Environment = Readonly<Record<string, string>>;

const publish = ({ host, headers }: CloudRequest): CloudAnswer | undefined =>
  host !== PUBSUB
    ? undefined
    : headers.authorization === 'Bearer google-token'
      ? { status: 200, body: { messageIds: ['1'] } }
      : { status: 401, body: { error: { code: 401, status: 'UNAUTHENTICATED' } } };

function assertPublished([request]: readonly CloudRequest[], attributes?: object): void {
  assert.deepEqual([request?.method, request?.path], ['POST', '/v1/projects/my-project/topics/flux-events:publish']);
  const { messages } = JSON.parse(request?.body ?? '') as { messages: [{ data: string; attributes?: object }] };
  assert.equal(messages.length, 1);
  assert.equal((JSON.parse(Buffer.from(messages[0].data, 'base64').toString()) as { message: string }).message, '<hello>');
  assert.deepEqual(messages[0].attributes, attributes);
}

const take =
  (isAllowed: (authorization: string) => boolean) =>
  ({ host, headers }: CloudRequest): CloudAnswer | undefined =>
    host !== HUBS ? undefined : { status: isAllowed(headers.authorization ?? '') ? 201 : 401 };
const takeToken = take((authorization) => authorization === 'Bearer azure-token');

describe('providers in clouds, from the identity to the message', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-clouds-'));
  let embedded: EmbeddedCluster;
  let cluster: Cluster;
  let services: CloudServices;
  let requests: CloudRequest[] = [];
  /** What the services of this test answer; 404 where that is nothing. */
  let answer: (request: CloudRequest) => CloudAnswer | undefined;

  before(async () => {
    embedded = await startCluster({ ephemeral: true, simulate: false });
    cluster = createCluster(embedded.fetch);
    services = await startCloudServices([PUBSUB, HUBS, COLLECTOR, GITHUB], (request) => {
      requests.push(request);
      return answer(request) ?? { status: 404 };
    });
    await secret('certificates', { 'ca.crt': services.ca });
    await secret('proxy', { address: services.proxy });
  });
  beforeEach(() => (requests = []));
  after(async () => {
    await services.close();
    await embedded.stop();
    rmSync(directory, { recursive: true });
  });

  const secret = (name: string, stringData: object): Promise<unknown> =>
    cluster.apply(
      { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NAMESPACE }, stringData },
      { fieldManager: 'test', force: true },
    );

  /** Tells a Provider of an event, as a process in that environment. */
  async function tell(spec: Provider['spec'], env: Environment = {}, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
    const apiVersion = 'notification.toolkit.fluxcd.io/v1beta3';
    const identity = { name: 'cloud', namespace: NAMESPACE, uid: 'aaaaaaaa-1111-2222-3333-444444444444' };
    const through = { certSecretRef: { name: 'certificates' }, proxySecretRef: { name: 'proxy' } };
    const provider: Provider = { apiVersion, kind: 'Provider', metadata: identity, spec: { ...through, ...spec } };
    const alert: Alert = { apiVersion, kind: 'Alert', metadata: identity, spec: { providerRef: { name: 'cloud' }, eventSources: [] } };
    const connections = createConnections();
    try {
      const world = { cluster, clock: systemClock, allowLinkLocal: false, signal: new AbortController().signal };
      await sendNotification(
        { ...world, connections, identities: identitiesIn(env) },
        readEvent({ ...eventAbout('apps', '<hello>'), metadata }),
        alert,
        provider,
      );
    } finally {
      await connections.close();
    }
  }

  const to = (host: string): CloudRequest[] => requests.filter((request) => request.host === host);

  describe('Google Pub/Sub', () => {
    const spec = { type: 'googlepubsub', address: 'my-project', channel: 'flux-events' } as const;
    test('by the key of a service account', async () => {
      const tokenUri = `http://${services.plainHost}/token`;
      answer = (request) => {
        if (request.path !== '/token') return publish(request);
        const form = new URLSearchParams(request.body);
        assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
        const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
        assert.ok(verify('sha256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url')));
        const { iss, scope, aud, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, number>;
        assert.deepEqual([iss, scope, aud], ['flux@my-project.iam', 'https://www.googleapis.com/auth/pubsub', tokenUri]);
        assert.ok(Math.abs(iat! - Date.now() / 1000) < 60 && exp! - iat! <= 3600);
        return { status: 200, body: { access_token: 'google-token', expires_in: 3600, token_type: 'Bearer' } };
      };
      const token = JSON.stringify({
        type: 'service_account',
        client_email: 'flux@my-project.iam',
        private_key_id: 'k1',
        private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
        token_uri: tokenUri,
      });
      await secret('service-account', { token, headers: 'team: platform\n' });
      await tell({ ...spec, secretRef: { name: 'service-account' } });
      assertPublished(to(PUBSUB), { team: 'platform' });
    });

    test('as the workload that this process is', async () => {
      answer = (request) => {
        if (!request.path.startsWith('/computeMetadata/v1/instance/service-accounts/default/token')) return publish(request);
        if (request.headers['metadata-flavor'] !== 'Google') return { status: 403 };
        return { status: 200, body: { access_token: 'google-token', expires_in: 3600, token_type: 'Bearer' } };
      };
      await tell(spec, { GCE_METADATA_HOST: services.plainHost });
      assertPublished(to(PUBSUB));
    });

    test('what is refused says so, and not the token', async () => {
      answer = (request) => {
        if (request.host === PUBSUB) return { status: 403, body: { error: { status: 'PERMISSION_DENIED' } } };
        return { status: 200, body: { access_token: 'google-token', expires_in: 3600 } };
      };
      await assert.rejects(tell(spec, { GCE_METADATA_HOST: services.plainHost }), (error: Error) => {
        assert.match(error.message, /status code 403: .*PERMISSION_DENIED/);
        assert.doesNotMatch(error.message, /google-token/);
        return true;
      });
    });

    test('who this process is can not be found out', async () => {
      answer = publish;
      await assert.rejects(tell(spec, { GCE_METADATA_HOST: services.plainHost }), /failed to get a token of the metadata server.*404/);
      assert.deepEqual(to(PUBSUB), []);
    });
  });

  describe('Azure Event Hubs', () => {
    const url = `https://${HUBS}/flux/messages`;
    const byName = { type: 'azureeventhub', address: 'flux', channel: 'events' } as const;
    function assertSent(): void {
      const [request] = to(HUBS);
      assert.deepEqual([request?.method, request?.path], ['POST', '/flux/messages']);
      // As Go prints it.
      assert.ok(request?.body.includes(String.raw`"message":"\u003chello\u003e"`), request?.body);
    }

    test('by a connection string with a shared access key', async () => {
      const key = 'c2VjcmV0LWtleS1vZi10aGUtaHVi';
      answer = take((authorization) => {
        const [scheme, text = ''] = authorization.split(' ');
        const fields = Object.fromEntries(
          text.split('&').map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]),
        );
        const { sr = '', sig = '', se = '', skn } = fields;
        assert.equal(decodeURIComponent(sr), url);
        const left = Number(se) - Date.now() / 1000;
        assert.ok(left > 0 && left <= 3600);
        const expected = createHmac('sha256', key).update(`${sr}\n${se}`).digest('base64');
        return scheme === 'SharedAccessSignature' && skn === 'send' && decodeURIComponent(sig) === expected;
      });
      const address = `Endpoint=sb://${HUBS}/;SharedAccessKeyName=send;SharedAccessKey=${key};EntityPath=flux`;
      await secret('sas', { address });
      await tell({ type: 'azureeventhub', secretRef: { name: 'sas' } });
      assertSent();

      await secret('sas', { address: address.replace(key, 'another') });
      await assert.rejects(tell({ type: 'azureeventhub', secretRef: { name: 'sas' } }), (error: Error) => {
        assert.match(error.message, /status code 401/);
        assert.doesNotMatch(error.message, /another/);
        return true;
      });
    });

    test('by a token that somebody else renews', async () => {
      answer = takeToken;
      await secret('jwt', { token: 'azure-token' });
      await tell({ ...byName, secretRef: { name: 'jwt' } });
      assertSent();
    });

    test('as the machine that this process is on', async () => {
      answer = (request) => {
        const { pathname, searchParams } = new URL(request.path, 'http://machine');
        if (pathname !== '/identity') return takeToken(request);
        if (request.headers['metadata'] !== 'true' || searchParams.get('api-version') === null) return { status: 400 };
        assert.equal(searchParams.get('resource'), 'https://eventhubs.azure.net/');
        return { status: 200, body: { access_token: 'azure-token', expires_in: '86399', token_type: 'Bearer' } };
      };
      await tell(byName, { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://${services.plainHost}/identity` });
      assertSent();
    });

    test('as the workload that this process is', async () => {
      const file = join(directory, 'token');
      writeFileSync(file, 'token-of-the-service-account');
      answer = (request) => {
        if (request.path !== '/tenant/oauth2/v2.0/token') return takeToken(request);
        const form = Object.fromEntries(new URLSearchParams(request.body));
        assert.deepEqual(form, {
          grant_type: 'client_credentials',
          client_id: 'client',
          scope: 'https://eventhubs.azure.net/.default',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: 'token-of-the-service-account',
        });
        return { status: 200, body: { access_token: 'azure-token', expires_in: 3600 } };
      };
      await tell(byName, {
        AZURE_AUTHORITY_HOST: `http://${services.plainHost}/`,
        AZURE_TENANT_ID: 'tenant',
        AZURE_CLIENT_ID: 'client',
        AZURE_FEDERATED_TOKEN_FILE: file,
      });
      assertSent();
    });
  });

  test('GitHub gets the status of a commit from an App, through the proxy and with the same certificates', async () => {
    const commit = 'a'.repeat(40);
    answer = ({ host, path, headers, body }) => {
      if (host !== GITHUB) return undefined;
      const authorization = headers.authorization ?? '';
      if (path === '/api/v3/app/installations/7/access_tokens') {
        const [header = '', claims = '', signature = ''] = authorization.replace('Bearer ', '').split('.');
        assert.ok(verify('sha256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url')));
        return { status: 201, body: { token: 'app-token', expires_at: new Date(Date.now() + 3600_000).toISOString() } };
      }
      if (!authorization.endsWith(' app-token')) return { status: 401 };
      if (path.startsWith(`/api/v3/repos/fleet/apps/commits/${commit}/statuses`)) return { status: 200, body: [] };
      assert.equal(path, `/api/v3/repos/fleet/apps/statuses/${commit}`);
      assert.equal((JSON.parse(body) as { state: string }).state, 'success');
      return { status: 201, body: {} };
    };
    await secret('github-app', {
      githubAppID: '42',
      githubAppInstallationID: '7',
      githubAppBaseURL: `https://${GITHUB}/api/v3`,
      githubAppPrivateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    });
    const spec = { type: 'github', address: `https://${GITHUB}/fleet/apps`, secretRef: { name: 'github-app' } } as const;
    await tell(spec, {}, { revision: `main@sha1:${commit}` });
    assert.equal(to(GITHUB).filter(({ method }) => method === 'POST').length, 2);
  });

  test('a collector of OpenTelemetry gets a span for the event', async () => {
    answer = ({ host, headers }) =>
      host === COLLECTOR && headers['content-type'] === 'application/x-protobuf' ? { status: 200 } : undefined;
    await tell({ type: 'otel', address: `https://${COLLECTOR}/v1/traces` });
    const [request] = to(COLLECTOR);
    assert.equal(request?.path, '/v1/traces');
    assert.match(JSON.stringify(readTraceRequest(Buffer.from(request.body, 'latin1'))), /"Kustomization: flux-system\/apps"/);
  });
});

/** Identities of a process with that environment. */
function identitiesIn(env: Environment): CloudIdentityPool {
  const pool = createCloudIdentities(createRegistry());
  return {
    of(object, operation) {
      const own = pool.of(object, operation);
      const withEnvironment: Pick<CloudIdentities, 'azure' | 'google' | 'googleAccount'> = {
        azure: (scope, access) => own.azure(scope, { ...access, env }),
        google: (scope, access) => own.google(scope, { ...access, env }),
        googleAccount: (key, scope, access) => own.googleAccount(key, scope, { ...access, env }),
      };
      return { ...own, ...withEnvironment };
    },
  };
}
