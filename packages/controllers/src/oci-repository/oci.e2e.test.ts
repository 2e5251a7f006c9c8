import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Kustomization, OCIRepository } from '@sluice/api';
import { createOciClient, extractLayer, openArtifactStore } from '@sluice/sources';
import { findProgram, startDockerRegistry } from '@sluice/sources/testing';
import { sourcesIn, type Sources } from '../testing/sources.js';
import { pushArtifact } from '../testing/web-server.js';
import { keyOfKind, startWorld, type World } from '../testing/world.js';

const program = findProgram('docker-registry');

const manifest = (v: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-oci}\ndata: {v: "${v}"}\n`;

describe('OCI repositories', { concurrency: true }, () => {
  let world: World;
  let count = 0;
  before(async () => {
    world = await startWorld();
    await world.startControllers({ backoff: { firstMs: 50, longestMs: 400 } });
  });
  after(() => world.close());

  /** A namespace and a repository of the registry with an artifact of one file, for each test. */
  async function setUp(
    tags: readonly string[] = ['1.0.0'],
  ): Promise<Sources & { url: string; digest: string; readonly push: (tags: readonly string[], text: string) => Promise<string> }> {
    const number = ++count;
    const name = `app-${number}`;
    const push = (wanted: readonly string[], text: string): Promise<string> => world.web.push(name, wanted, { 'a.yaml': text });
    const digest = await push(tags, 'a: 1\n');
    return { ...(await sourcesIn(world, `oci-${number}`)), url: `oci://${world.web.host}/${name}`, digest, push };
  }

  test('a tag that moves is followed; what stays as it is costs no download', async () => {
    const { apply, ready, request, get, url, digest, push, told } = await setUp(['latest']);
    await apply('OCIRepository', 'app', { url });
    const first = await ready('OCIRepository', 'app', new RegExp(`^latest@${digest}$`));
    assert.equal(first.metadata?.['org.opencontainers.image.source'], 'https://git.example/app');
    const { requests } = world.web.registry;
    const asked = requests.length;
    await request('OCIRepository', 'app');
    await world.eventually('it was handled', async () => (await get<OCIRepository>('OCIRepository', 'app')).status?.lastHandledReconcileAt);
    assert.deepEqual(
      requests.slice(asked).filter((line) => line.includes(`/${new URL(url).pathname.slice(1)}/blobs/`)),
      [],
    );
    const moved = await push(['latest'], 'a: 2\n');
    await request('OCIRepository', 'app');
    await ready('OCIRepository', 'app', new RegExp(`^latest@${moved}$`));
    assert.equal(told('OCIRepository', 'app').length, 2);
  });

  test('the newest tag of a range, of those that a filter lets through; a digest', async () => {
    const { apply, ready, url, digest } = await setUp(['1.0.0', '1.1.0-rc.1', '1.2.0', '2.0.0']);
    await apply('OCIRepository', 'range', { url, ref: { semver: '1.x' } });
    await apply('OCIRepository', 'filtered', { url, ref: { semver: '>=1.0.0-0', semverFilter: 'rc' } });
    await apply('OCIRepository', 'digest', { url, ref: { digest } });
    await ready('OCIRepository', 'range', /^1\.2\.0@/);
    await ready('OCIRepository', 'filtered', /^1\.1\.0-rc\.1@/);
    await ready('OCIRepository', 'digest', new RegExp(`^${digest}$`));
  });

  test('a layer is extracted without what is ignored, or kept as it is', async () => {
    const { apply, ready, url, get } = await setUp(['1.0.0']);
    const ref = { tag: '1.0.0' };
    await apply('OCIRepository', 'extracted', { url, ref, ignore: '*.yaml' });
    await apply('OCIRepository', 'copied', { url, ref, layerSelector: { operation: 'copy' } });
    const extracted = await ready('OCIRepository', 'extracted');
    const copied = await ready('OCIRepository', 'copied');
    const client = createOciClient({ url });
    try {
      const { layer } = await client.pull(extracted.revision.split('@')[1]!);
      assert.equal(copied.digest, layer.digest);
      assert.notEqual(extracted.digest, layer.digest);
    } finally {
      await client.close();
    }
    await apply('OCIRepository', 'extracted', { url, ref });
    await world.eventually('other settings make another artifact of the same revision', async () => {
      const { artifact, observedIgnore } = (await get<OCIRepository>('OCIRepository', 'extracted')).status ?? {};
      return observedIgnore === undefined && artifact?.digest !== extracted.digest;
    });
  });

  const failures: readonly [what: string, spec: (url: string) => object, reason: string, message: RegExp, stalls?: 'stalls'][] = [
    [
      'an address with a tag',
      (url) => ({ url: `${url}:1.0.0` }),
      'URLInvalid',
      /: URL must not contain a tag; remove ':1\.0\.0'$/,
      'stalls',
    ],
    [
      'an address without a repository',
      () => ({ url: 'oci://localhost' }),
      'URLInvalid',
      /: URL must be in format 'oci:\/\/<domain>\/<org>\/<repo>'$/,
      'stalls',
    ],
    ['a range that is none', (url) => ({ url, ref: { semver: 'x y' } }), 'ReadOperationFailed', /: semver 'x y' parse error: /],
    ['a filter that is none', (url) => ({ url, ref: { semver: '*', semverFilter: '(' } }), 'ReadOperationFailed', /missing/],
    [
      'a tag that is not there',
      (url) => ({ url, ref: { tag: 'nope' } }),
      'OCIArtifactPullFailed',
      /^failed to determine artifact digest: GET .*: MANIFEST_UNKNOWN: /,
    ],
    [
      'a layer that is not there',
      (url) => ({ url, layerSelector: { mediaType: 'a/b' }, ref: { tag: '1.0.0' } }),
      'OCIArtifactLayerOperationFailed',
      /^failed to find layer with media type 'a\/b' in artifact$/,
    ],
    ['a host that is not there', () => ({ url: 'oci://127.0.0.1:1/app' }), 'OCIArtifactPullFailed', /ECONNREFUSED.*check host and port/],
    [
      'a ServiceAccount that is not there',
      (url) => ({ url, serviceAccountName: 'nobody' }),
      'AuthenticationFailed',
      /^failed to get credential: serviceaccount '.*\/nobody' not found$/,
    ],
    [
      'a proxy that is not there',
      (url) => ({ url, proxySecretRef: { name: 'nope' } }),
      'AuthenticationFailed',
      /^failed to get proxy address: secret '.*\/nope' not found$/,
    ],
    [
      'certificates that are not there',
      (url) => ({ url, certSecretRef: { name: 'nope' } }),
      'AuthenticationFailed',
      /^failed to generate transport for 'oci:.*': secret '.*\/nope' not found$/,
    ],
    [
      'keys that are not there',
      (url) => ({ url, ref: { tag: '1.0.0' }, verify: { provider: 'cosign', secretRef: { name: 'nope' } } }),
      'VerificationError',
      /^failed to verify the signature using provider 'cosign': secrets "nope" not found$/,
    ],
    [
      'a trust root that is not there',
      (url) => ({ url, ref: { tag: '1.0.0' }, verify: { provider: 'cosign', trustedRootSecretRef: { name: 'nope' } } }),
      'VerificationError',
      /^failed to verify the signature using provider 'cosign keyless': failed to read trusted root from secret '.*\/nope': secrets "nope" not found$/,
    ],
    [
      'a trust policy that is not there',
      (url) => ({ url, ref: { tag: '1.0.0' }, verify: { provider: 'notation' } }),
      'VerificationError',
      /^failed to verify the signature using provider 'notation': verification secret cannot be empty/,
    ],
  ];
  for (const [what, spec, reason, message, stalls] of failures) {
    test(`${what}: ${reason}`, async () => {
      const { apply, failed, condition, get, url } = await setUp();
      await apply('OCIRepository', 'app', spec(url));
      await failed('OCIRepository', 'app', reason, message);
      assert.equal((await condition('OCIRepository', 'app', 'Stalled'))?.status, stalls && 'True');
      assert.equal((await get<OCIRepository>('OCIRepository', 'app')).status?.artifact, undefined);
    });
  }

  test('what breaks off is not stored, and taken when it comes whole', async () => {
    const { apply, failed, ready, url, namespace, push } = await setUp();
    // A layer that is known from elsewhere is not fetched.
    await push(['1.0.0'], 'unlike: any\n');
    const repository = namespace.replace('oci', 'app');
    const end = world.web.intercept((request, response) => {
      if (!request.url?.includes(`/${repository}/blobs/`)) return false;
      response.writeHead(200, { 'content-length': 1000 }).write('half');
      setTimeout(() => response.destroy(), 5);
      return true;
    });
    try {
      await apply('OCIRepository', 'app', { url, ref: { tag: '1.0.0' } });
      await failed('OCIRepository', 'app', 'OCIArtifactLayerOperationFailed', /^failed to extract layer contents from artifact: /);
    } finally {
      end();
    }
    await ready('OCIRepository', 'app');
  });

  test('a signature by a trusted key is wanted, and wanted again when the keys change', async () => {
    const { apply, secret, ready, failed, condition, url, digest } = await setUp();
    const [own, other] = [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('ec', { namedCurve: 'P-256' })];
    const pem = (key: typeof own.publicKey): string => key.export({ type: 'spki', format: 'pem' }).toString();
    const content = Buffer.from(JSON.stringify({ critical: { image: { 'docker-manifest-digest': digest } }, optional: null }));
    const annotations = { 'dev.cosignproject.cosign/signature': sign('sha256', content, own.privateKey).toString('base64') };
    const client = createOciClient({ url });
    await client.push({
      tag: `${digest.replace(':', '-')}.sig`,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', content: Buffer.from('{}') },
      layers: [{ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', content, annotations }],
    });
    await client.close();
    await secret('keys', { 'a.pub': pem(own.publicKey) });
    await secret('others', { 'a.pub': pem(other.publicKey) });
    const spec = (name: string) => ({ url, ref: { tag: '1.0.0' }, verify: { provider: 'cosign', secretRef: { name } } });
    await apply('OCIRepository', 'app', spec('keys'));
    const { revision } = await ready('OCIRepository', 'app');
    assert.equal((await condition('OCIRepository', 'app', 'SourceVerified'))?.message, `verified signature of revision ${revision}`);
    await apply('OCIRepository', 'app', spec('others'));
    await failed('OCIRepository', 'app', 'VerificationError', /one of the trusted keys$/);
  });

  test('a registry that wants a login gets it from a Secret, or from those of a ServiceAccount', async () => {
    const { apply, secret, failed, ready, namespace, url } = await setUp();
    const repository = namespace.replace('oci', 'app');
    const end = world.web.intercept((request, response) => {
      const isOurs = request.url === '/v2/' || request.url?.includes(`/${repository}/`) === true;
      if (!isOurs || request.headers.authorization === `Basic ${Buffer.from('me:s3cret').toString('base64')}`) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return true;
    });
    try {
      const config = (password: string): string => JSON.stringify({ auths: { [world.web.host]: { username: 'me', password } } });
      await secret('login', { '.dockerconfigjson': config('wrong') }, 'kubernetes.io/dockerconfigjson');
      await apply('OCIRepository', 'app', { url, ref: { tag: '1.0.0' }, secretRef: { name: 'login' } });
      await failed('OCIRepository', 'app', 'OCIArtifactPullFailed', /401|UNAUTHORIZED|credentials/i);
      await secret('login', { '.dockerconfigjson': config('s3cret') }, 'kubernetes.io/dockerconfigjson');
      await ready('OCIRepository', 'app');
      const account = {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'puller', namespace },
        imagePullSecrets: [{ name: 'login' }],
      };
      await world.cluster.create(account);
      await apply('OCIRepository', 'account', { url, ref: { tag: '1.0.0' }, serviceAccountName: 'puller' });
      await ready('OCIRepository', 'account');
    } finally {
      end();
    }
  });

  test('a Kustomization applies what is in it, and what another controller serves for an ExternalArtifact', async () => {
    const { apply, ready, request, get, push, url, namespace } = await setUp(['latest']);
    await push(['latest'], manifest('1'));
    await apply('OCIRepository', 'app', { url });
    await apply('Kustomization', 'app', {
      path: './',
      prune: true,
      targetNamespace: namespace,
      sourceRef: { kind: 'OCIRepository', name: 'app' },
    });
    const applied = (v: string): Promise<unknown> =>
      world.eventually(`${v} is applied`, async () => {
        const map = await world.cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'from-oci' });
        return (map?.['data'] as { v?: string } | undefined)?.v === v;
      });
    await applied('1');
    await push(['latest'], manifest('2'));
    await request('OCIRepository', 'app');
    await applied('2');

    // As somebody else's controller would: the archive on its server, address and digest in the status.
    const { path } = await ready('OCIRepository', 'app', /^latest@/);
    const bytes = await world.artifact(path);
    world.web.charts.files.set(`${namespace}.tar.gz`, bytes);
    await apply('ExternalArtifact', 'app', { sourceRef: { apiVersion: 'example.com/v1', kind: 'Thing', name: 'app' } });
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const artifact = {
      path: 'x',
      url: `http://${world.web.host}/charts/${namespace}.tar.gz`,
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      revision: 'v1',
      lastUpdateTime: lastTransitionTime,
    };
    const conditions = [{ type: 'Ready', status: 'True', reason: 'Succeeded', message: 'Artifact is ready', lastTransitionTime }];
    await world.cluster.patch(
      keyOfKind('ExternalArtifact', namespace, 'app'),
      'merge',
      { status: { artifact, conditions } },
      { subresource: 'status' },
    );
    await apply('Kustomization', 'app', {
      path: './',
      prune: true,
      targetNamespace: namespace,
      sourceRef: { kind: 'ExternalArtifact', name: 'app' },
    });
    await world.eventually('it is applied', async () => {
      return (await get<Kustomization>('Kustomization', 'app')).status?.lastAppliedRevision === 'v1';
    });
  });

  test('what is suspended is left alone', async () => {
    const { apply, ready, get, request, push, url } = await setUp(['latest']);
    await apply('OCIRepository', 'app', { url });
    const { revision } = await ready('OCIRepository', 'app');
    await apply('OCIRepository', 'app', { url, suspend: true });
    await push(['latest'], 'a: 2\n');
    await request('OCIRepository', 'app');
    const handled = await world.eventually('the request is answered', async () => {
      const { status } = await get<OCIRepository>('OCIRepository', 'app');
      return status?.lastHandledReconcileAt !== undefined && status.observedGeneration === 2 && status;
    });
    assert.equal(handled.artifact?.revision, revision);
  });

  test('a real registry', { skip: program === undefined ? 'docker-registry is not installed' : false }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-registry-'));
    const registry = await startDockerRegistry(program!, directory);
    try {
      const { apply, ready } = await setUp();
      const url = `oci://${registry.host}/manifests/app`;
      const digest = await pushArtifact(url, ['1.0.0', '1.1.0'], { 'a.yaml': 'a: 1\n', 'b/c.yaml': 'c: 1\n' });
      await apply('OCIRepository', 'app', { url, insecure: true, ref: { semver: '1.x' } });
      const { digest: stored, path } = await ready('OCIRepository', 'app', new RegExp(`^1\\.1\\.0@${digest}$`));
      // As another consumer takes it: by address and digest.
      const store = openArtifactStore({ dir: join(directory, 'store'), baseUrl: 'http://localhost' });
      const bytes = await world.artifact(path);
      const layer = { mediaType: '', digest: stored, size: bytes.length };
      const tree = await extractLayer(store, { blob: () => one(bytes) }, layer);
      assert.deepEqual(
        tree.entries.filter(({ type }) => type === 'file').map((entry) => entry.path),
        ['a.yaml', 'b/c.yaml'],
      );
    } finally {
      await registry.stop();
      rmSync(directory, { recursive: true });
    }
  });
});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
