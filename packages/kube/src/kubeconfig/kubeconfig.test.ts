import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { updateKubeconfig, withContext, withoutContext } from './edit.js';
import { inClusterConfig, isInCluster } from './in-cluster.js';
import { loadKubeconfig, parseKubeconfig, readKubeconfig, readPem } from './load.js';
import { resolveContext } from './resolve.js';
import type { ClusterEntry, Kubeconfig, UserEntry } from './types.js';

const folder = mkdtempSync(join(tmpdir(), 'sluice-kubeconfig-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function configOf(cluster: ClusterEntry, user: UserEntry = {}): Kubeconfig {
  return {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    clusters: [{ name: 'k', cluster }],
    users: [{ name: 'u', user }],
  };
}

const server = 'https://127.0.0.1:6443';

test('a context is resolved to all that a connection needs', () => {
  const config = configOf(
    {
      server: `${server}/k8s/`,
      'certificate-authority-data': Buffer.from('the authority').toString('base64'),
      'tls-server-name': 'api.example.com',
      'proxy-url': 'http://proxy:3128',
    },
    {
      'client-certificate-data': Buffer.from('the certificate').toString('base64'),
      'client-key': '/keys/client.key',
      as: 'bob',
      'as-groups': ['readers'],
      'as-user-extra': { scopes: ['x'] },
    },
  );
  assert.deepEqual(resolveContext(config), {
    context: 'c',
    server: `${server}/k8s`,
    namespace: 'default',
    insecureSkipTlsVerify: false,
    certificateAuthority: { pem: 'the authority' },
    tlsServerName: 'api.example.com',
    proxyUrl: 'http://proxy:3128',
    clientCertificate: { certificate: { pem: 'the certificate' }, key: { file: '/keys/client.key' } },
    credentials: { type: 'none' },
    impersonate: { user: 'bob', groups: ['readers'], extra: { scopes: ['x'] } },
  });
});

const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'login' };
const credentials: readonly [user: UserEntry, expected: object][] = [
  [{}, { type: 'none' }],
  [{ token: 't' }, { type: 'token', token: 't' }],
  [
    { token: 't', tokenFile: '/token' },
    { type: 'token-file', file: '/token', fallback: 't' },
  ],
  [
    { username: 'u', password: 'p' },
    { type: 'basic', username: 'u', password: 'p' },
  ],
  [
    { token: 't', username: 'u' },
    { type: 'token', token: 't' },
  ],
  [{ exec }, { type: 'exec', exec }],
  [{ exec: { ...exec, provideClusterInfo: true } }, { type: 'exec', exec: { ...exec, provideClusterInfo: true }, clusterInfo: { server } }],
];
for (const [user, expected] of credentials) {
  test(`credentials of ${JSON.stringify(user)}`, () => assert.deepEqual(resolveContext(configOf({ server }, user)).credentials, expected));
}

const refused: readonly [what: string, config: Kubeconfig, options: object, message: RegExp][] = [
  ['no current context', { contexts: [{ name: 'a', context: { cluster: 'k' } }] }, {}, /no context is chosen: .* a$/],
  ['an unknown context', configOf({ server }), { context: 'd' }, /no context "d"; there are c$/],
  ['an unknown cluster', { ...configOf({ server }), clusters: [] }, {}, /names the cluster "k"; there are \(none\)$/],
  ['an unknown user', { ...configOf({ server }), users: [] }, {}, /names the user "u"/],
  ['no server', configOf({}), {}, /server "" is not an http\(s\) URL/],
  ['another scheme', configOf({ server: 'ftp://x' }), {}, /is not an http\(s\) URL/],
  ['an authority that is skipped', configOf({ server, 'insecure-skip-tls-verify': true, 'certificate-authority': 'x' }), {}, /remove one/],
  ['a certificate without key', configOf({ server }, { 'client-certificate': 'x' }), {}, /go together/],
  ['an auth-provider', configOf({ server }, { 'auth-provider': { name: 'gcp' } }), {}, /"gcp" is not supported/],
  [
    'an old plugin version',
    configOf({ server }, { exec: { command: 'x', apiVersion: 'client.authentication.k8s.io/v1alpha1' } }),
    {},
    /v1alpha1/,
  ],
  ['a plugin of a cluster', configOf({ server }, { exec }), { trusted: false }, /run the command "login"/],
  ['a file of a cluster', configOf({ server }, { tokenFile: '/etc/shadow' }), { trusted: false }, /must hold the data itself/],
  ['an authority file of a cluster', configOf({ server, 'certificate-authority': '/ca' }), { trusted: false }, /must hold the data itself/],
];
for (const [what, config, options, message] of refused) {
  test(`${what} is refused`, () => assert.throws(() => resolveContext(config, options), message));
}

for (const text of ['[]', 'contexts: {}', 'clusters: [1]', 'users: [{user: {}}]', 'contexts: [{name: a, context: x}]']) {
  test(`${text} is no kubeconfig`, () => assert.throws(() => parseKubeconfig(text, 'config'), { reason: 'KubeconfigInvalid' }));
}

test('an error in a kubeconfig shows nothing of it', () => {
  assert.throws(
    () => parseKubeconfig('users:\n- name: a\n  user: {token: s3cret, :\n', 'config'),
    (error: Error) => !error.message.includes('s3cret'),
  );
});

test('several files are merged: the first to say something counts, file names stay where they are', async () => {
  const one = file(
    'one/config',
    'clusters: [{name: k, cluster: {server: "https://one", certificate-authority: ca.crt}}]\ncurrent-context: c\n',
  );
  const two = file(
    'two/config',
    [
      'current-context: other',
      'clusters: [{name: k, cluster: {server: "https://two"}}]',
      'contexts: [{name: c, context: {cluster: k, user: u, namespace: apps}}]',
      'users: [{name: u, user: {tokenFile: ../token, exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login}}}]',
    ].join('\n'),
  );
  const env = { KUBECONFIG: [one, join(folder, 'nowhere'), two, ''].join(delimiter) };
  const config = await loadKubeconfig({ env });
  assert.deepEqual(
    [config.server, config.namespace, config.certificateAuthority, config.credentials],
    ['https://one', 'apps', { file: join(folder, 'one/ca.crt') }, { type: 'token-file', file: join(folder, 'token') }],
  );
  const { users } = (await readKubeconfig({ env })) ?? {};
  assert.equal(users?.[0]?.user?.exec?.command, join(folder, 'two/login'));
});

test('without any kubeconfig it says what to do', async () => {
  await assert.rejects(loadKubeconfig({ env: { HOME: folder } }), /there is no kubeconfig at .*\.kube.config: name one/);
  await assert.rejects(loadKubeconfig({ path: join(folder, 'nowhere') }), { reason: 'KubeconfigInvalid' });
});

test('in a pod, the cluster is the one around it', () => {
  file('account/token', 'the token');
  file('account/namespace', 'apps\n');
  const account = join(folder, 'account');
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  assert.ok(isInCluster(env, account));
  assert.ok(!isInCluster({}, account));
  assert.ok(!isInCluster(env, folder));
  assert.deepEqual(inClusterConfig(env, account), {
    context: '',
    server: 'https://[fd00::1]:6443',
    namespace: 'apps',
    certificateAuthority: { file: `${account}/ca.crt` },
    insecureSkipTlsVerify: false,
    credentials: { type: 'token-file', file: `${account}/token` },
  });
});

test('a file that is named but not there is named in the error', () => {
  assert.throws(() => readPem({ file: join(folder, 'none.crt') }), /none\.crt, which the kubeconfig names, can't be read/);
});

test('contexts are put in and taken out; what others use stays', () => {
  const before = configOf({ server }, { token: 't' });
  const added = withContext(before, { name: 'new', cluster: { server: 'https://new' }, user: { token: 'n' }, namespace: 'apps' });
  assert.equal(resolveContext(added).server, 'https://new');
  assert.equal(resolveContext(added, { context: 'c' }).server, server);
  const replaced = withContext(added, { name: 'new', cluster: { server: 'https://newer' }, user: {} });
  assert.deepEqual([resolveContext(replaced).server, replaced.clusters?.length], ['https://newer', 2]);
  const removed = withoutContext(replaced, 'new');
  assert.deepEqual([removed.contexts, removed.clusters, removed.users], [before.contexts, before.clusters, before.users]);
  assert.equal(removed['current-context'], '');
  assert.equal(withoutContext(before, 'none'), before);
  const shared: Kubeconfig = { ...before, contexts: [...(before.contexts ?? []), { name: 'd', context: { cluster: 'k', user: 'other' } }] };
  assert.deepEqual(withoutContext(shared, 'c').clusters, shared.clusters);
  assert.deepEqual(withoutContext(shared, 'c').users, []);
});

test('a kubeconfig file is made, changed by many at once, and only for its owner', async () => {
  const path = join(folder, 'new/folder/config');
  const names = ['a', 'b', 'c', 'd'];
  await Promise.all(
    names.map((name) => updateKubeconfig(path, (config) => withContext(config, { name, cluster: { server }, user: { token: name } }))),
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const config = parseKubeconfig(readFileSync(path, 'utf8'));
  assert.deepEqual(config.contexts?.map(({ name }) => name).sort(), names);
  const link = join(folder, 'link');
  symlinkSync(path, link);
  await updateKubeconfig(link, (old) => withoutContext(old, 'a'));
  assert.equal(parseKubeconfig(readFileSync(path, 'utf8')).contexts?.length, 3);
});

test('fields that are not known here are kept', async () => {
  const path = file('kept', 'preferences: {colors: true}\nextensions: [{name: x, extension: {a: 1}}]\n');
  await updateKubeconfig(path, (config) => withContext(config, { name: 'n', cluster: { server }, user: {} }));
  const { preferences, extensions } = parseKubeconfig(readFileSync(path, 'utf8'));
  assert.deepEqual([preferences, extensions], [{ colors: true }, [{ name: 'x', extension: { a: 1 } }]]);
});
