import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { errorMessage, isJsonObject, memoryTree, type KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { ageKeys, encrypt, generateAgeKey, type SopsFormat } from '@sluice/sops';
import { conformanceFile, conformanceText } from '../testing/conformance.js';
import { decryptObjects } from '../sops/decrypt-objects.js';
import { keysInSecret } from '../sops/secret-keys.js';
import { Builds } from './build.js';
import { Decryption } from './decrypt.js';
import { buildKustomization } from './preview.js';
import { defaultSettings } from './settings.js';

const secret = (name: string, value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\nstringData:\n  password: ${value}\n`;

describe('Kustomizations with encrypted files', () => {
  let keys: Record<string, string>;
  let recipient: string;
  before(async () => {
    const key = await generateAgeKey();
    keys = { 'age.agekey': key.identity };
    recipient = key.recipient;
  });

  const sealed = async (text: string, format: SopsFormat): Promise<string> => {
    const groups = [[{ type: 'age', recipient, enc: '' } as const]];
    const rule = { encryptedRegex: '^(data|stringData|password|USER)$' };
    const bytes = await encrypt(Buffer.from(text), { format, groups, rule, now: new Date(), random: (size) => randomBytes(size) });
    return Buffer.from(bytes).toString('utf8');
  };
  /** Builds files with the keys of a Secret. */
  async function built(files: Record<string, string>, settings: Partial<typeof defaultSettings> = {}, data = keys) {
    const decryption = new Decryption(clusterWith(data), { ...defaultSettings, ...settings });
    const builds = new Builds();
    const tree = memoryTree(files);
    const run = () =>
      decryption.build(kustomization, tree, (view) => builds.build('app', kustomization, view, '.'), new AbortController().signal);
    return { ...(await run()), again: run };
  }
  const objects = ({ built: { manifests } }: Awaited<ReturnType<typeof built>>): KubeObject[] => manifests.map(({ object }) => object);

  test('encrypted manifests are applied in plain text', async () => {
    const result = await built({ 'secret.yaml': await sealed(secret('s', 'one'), 'yaml') });
    assert.deepEqual(objects(result)[0]?.['stringData'], { password: 'one' });
    assert.equal(objects(result)[0]?.['sops'], undefined);
    assert.deepEqual(result.warnings, []);
  });

  test('a build that changes nothing is the same build', async () => {
    const result = await built({ 'secret.yaml': await sealed(secret('s', 'one'), 'yaml') });
    assert.equal((await result.again()).built.identity, result.built.identity);
  });

  test('documents that were encrypted one by one, next to others that were not', async () => {
    const file = [await sealed(secret('a', 'one'), 'yaml'), secret('plain', 'x'), await sealed(secret('b', 'two'), 'yaml')].join('---\n');
    const result = await built({ 'all.yaml': file });
    assert.deepEqual(
      objects(result).map(({ stringData }) => (stringData as Record<string, string>)['password']),
      ['one', 'x', 'two'],
    );
    assert.deepEqual(result.warnings, []);
  });

  test('generators: environment files, files, binary ones; ConfigMaps stay encrypted', async () => {
    const env = await sealed('USER=admin\n', 'dotenv');
    const binary = await sealed('\u0001binary', 'binary');
    const result = await built({
      'kustomization.yaml': `secretGenerator:
- name: gen
  envs: [app.env]
  files: [blob, values=values.yaml, token=token.encrypted]
configMapGenerator:
- name: public
  envs: [public.env]
`,
      'app.env': env,
      'public.env': env.replace('USER', 'USER'),
      blob: binary,
      'token.encrypted': binary,
      'values.yaml': await sealed('password: p\n', 'yaml'),
    });
    const [generated, open] = objects(result).sort((a, b) => (a.kind > b.kind ? -1 : 1));
    const decoded = Object.entries(generated?.['data'] as Record<string, string>).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]);
    assert.deepEqual(Object.fromEntries(decoded), { USER: 'admin', blob: '\u0001binary', token: '\u0001binary', values: 'password: p\n' });
    assert.ok(open !== undefined && isJsonObject(open['data']));
    assert.match(String(open['data']['USER']), /^ENC\[/);
  });

  test('encrypted entries of a Secret', async () => {
    const inner = Buffer.from(await sealed('USER=admin\n', 'dotenv')).toString('base64');
    const result = await built({ 's.yaml': `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {app.env: ${inner}, plain: eA==}\n` });
    assert.deepEqual(objects(result)[0]?.['data'], { 'app.env': Buffer.from('USER=admin\n').toString('base64'), plain: 'eA==' });
  });

  test('a changed file: a warning once, or a failure that names it', async () => {
    const file = (await sealed(secret('s', 'one'), 'yaml')).replace('name: s', 'name: evil');
    const result = await built({ 'apps/secret.yaml': file });
    assert.equal(objects(result)[0]?.metadata.name, 'evil');
    assert.match(result.warnings.join(), /^apps\/secret\.yaml: the MAC of the file does not fit/);
    assert.deepEqual((await result.again()).warnings, []);
    await assert.rejects(built({ 'apps/secret.yaml': file }, { sopsMac: 'enforce' }), /apps\/secret\.yaml: the MAC/);
    assert.deepEqual((await built({ 'apps/secret.yaml': file }, { sopsMac: 'ignore' })).warnings, []);
  });

  test('parts of lists: their MAC can not be checked, which is said', async () => {
    const item = (await sealed(secret('s', 'one'), 'yaml')).replace(/^/gm, '  ').replace('  ', '- ');
    const result = await built({ 'list.yaml': `apiVersion: v1\nkind: List\nitems:\n${item.trimEnd()}\n` });
    assert.deepEqual(objects(result)[0]?.['stringData'], { password: 'one' });
    assert.match(result.warnings.join(), /its MAC can't be checked/);
  });

  test('a preview decrypts with the keys at hand, and takes no changed file', async () => {
    const file = await sealed(secret('s', 'one'), 'yaml');
    const at = [ageKeys(keys['age.agekey']!, 'keys.txt')];
    const [object] = await buildKustomization(kustomization, memoryTree({ 's.yaml': file }), { keys: at });
    assert.equal(object?.['sops'], undefined);
    const changed = memoryTree({ 's.yaml': file.replace('name: s', 'name: evil') });
    await assert.rejects(buildKustomization(kustomization, changed, { keys: at }), /s\.yaml: the MAC/);
    assert.equal(
      (await buildKustomization(kustomization, changed, { cluster: clusterWith(keys), settings: { sopsMac: 'warn' } })).length,
      1,
    );
  });

  test('a wrong key: which file, which keys it wants, where keys were looked for, and no key', async () => {
    const other = await generateAgeKey();
    await assert.rejects(
      built({ 'a/s.yaml': await sealed(secret('s', 'one'), 'yaml') }, {}, { 'other.agekey': other.identity }),
      (error) => {
        const message = errorMessage(error);
        assert.ok(message.includes('a/s.yaml') && message.includes(recipient), message);
        assert.match(message, /looked in entry other\.agekey of Secret apps\/sops-keys/);
        assert.doesNotMatch(message, /SECRET-KEY|one/);
        return true;
      },
    );
    await assert.rejects(
      built({ 's.yaml': await sealed(secret('s', 'x'), 'yaml') }, {}, { 'a.agekey': 'nonsense' }),
      /line 1 is no age identity/,
    );
  });

  test('credentials of services that do not parse are said by their names', async () => {
    const file = { 's.yaml': await sealed(secret('s', 'x'), 'yaml') };
    await assert.rejects(
      built(file, {}, { 'sops.aws-kms': 'nothing' }),
      /entry sops\.aws-kms of Secret apps\/sops-keys: it is no YAML mapping/,
    );
    await assert.rejects(built(file, {}, { 'sops.azure-kv': 'tenantId: t' }), /sops\.azure-kv .* it needs clientId/);
    await assert.rejects(built(file, {}, { 'sops.gcp-kms': '{}' }), /its type must be service_account/);
  });

  test('objects that ask for it stay encrypted', async () => {
    const annotated = secret('s', 'one').replace('name: s', 'name: s\n  annotations:\n    kustomize.toolkit.fluxcd.io/decrypt: Disabled');
    assert.ok(isJsonObject(objects(await built({ 's.yaml': await sealed(annotated, 'yaml') }))[0]?.['sops']));
  });
});

interface FluxCase {
  name: string;
  resource: KubeObject;
  expected?: KubeObject;
  error?: string;
  skipped?: boolean;
}

describe('Secrets as the recorded controller decrypts them', () => {
  for (const { name, resource, expected, error, skipped } of conformanceFile<{ cases: FluxCase[] }>('sops/flux-secrets.json')?.cases ??
    []) {
    test(name, async () => {
      const keys = keysInSecret(new Map([['age-1.agekey', conformanceText('sops/keys/age-1.agekey')]]), 'the keys');
      const run = decryptObjects([{ object: resource }], keys);
      if (error !== undefined) return assert.rejects(run);
      const { manifests } = await run;
      assert.deepEqual(manifests[0]?.object, skipped === true ? resource : expected);
    });
  }
});

const kustomization: Kustomization = {
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name: 'app', namespace: 'apps' },
  spec: {
    interval: '1m',
    prune: true,
    sourceRef: { kind: 'GitRepository', name: 'repo' },
    decryption: { provider: 'sops', secretRef: { name: 'sops-keys' } },
  },
};

/** A cluster with the Secret of keys. */
function clusterWith(data: Readonly<Record<string, string>>): Cluster {
  const encoded = Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString('base64')]));
  return {
    get: () => Promise.resolve({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sops-keys' }, data: encoded }),
  } as unknown as Cluster;
}
