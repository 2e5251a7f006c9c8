import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { crdOf, customResources } from '@sluice/api';
import type { KubeObject } from '@sluice/core';
import { createOciClient, fluxArtifact } from '@sluice/sources';
import { listen, memoryRegistry, serveBucket, type TestBucket, type TestServer } from '@sluice/sources/testing';
import { parseYamlDocuments } from '@sluice/yaml';
import { readyOf, removeState, startQuickstart, waitForState, type Quickstart } from '../quickstart.js';
import { root } from './pages.js';

const examples = join(root, 'docs/kinds/examples');
const namesOfExamples = readdirSync(examples).map((file) => file.replace(/\.yaml$/, ''));

/** Kinds without a Ready condition, and why. */
const WITHOUT_READY = new Map([
  ['externalartifact', 'its status is written by the controller that makes the artifact'],
  ['provider', 'it has no status'],
  ['alert', 'it has no status'],
  ['imagerepository', 'no controller works on it yet'],
  ['imagepolicy', 'no controller works on it yet'],
  ['imageupdateautomation', 'no controller works on it yet'],
]);

/** What the addresses of the examples are in this test. */
interface Servers {
  readonly fleet: string;
  readonly charts: TestServer;
  readonly registry: TestServer;
  readonly bucket: TestServer;
}

describe('the examples of the kinds', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-kinds-'));
  let servers: Servers;
  let quickstart: Quickstart;
  before(async () => {
    servers = await startServers(directory);
    quickstart = await startQuickstart({ args: ['--ephemeral'] });
    for (const kind of customResources) {
      if ((await quickstart.cluster.resourceOf({ apiVersion: `${kind.group}/${kind.versions[0].name}`, kind: kind.kind })) !== undefined)
        continue;
      await quickstart.cluster.apply(crdOf(kind), { fieldManager: 'test' });
    }
  });
  after(async () => {
    await quickstart.interrupt();
    removeState(quickstart.directory);
    await Promise.all([servers.charts, servers.registry, servers.bucket].map((server) => server.close()));
    rmSync(directory, { recursive: true });
  });

  test('every kind has one', () => {
    assert.deepEqual([...namesOfExamples].sort(), customResources.map(({ singular }) => singular).sort());
  });

  for (const name of namesOfExamples) {
    test(`${name} is taken by a strict server as it stands`, async () => {
      for (const object of readExample(name)) {
        const warnings: string[] = [];
        const options = {
          fieldManager: 'test',
          fieldValidation: 'Strict',
          dryRun: true,
          onWarning: (text: string) => warnings.push(text),
        } as const;
        await quickstart.cluster.apply(object, options);
        assert.deepEqual(warnings, []);
      }
    });
  }

  test('all together they become ready', async () => {
    const objects = namesOfExamples.flatMap((name) => readExample(name)).map((object) => onLoopback(object, servers));
    for (const object of objects) await quickstart.cluster.apply(object, { fieldManager: 'test', fieldValidation: 'Strict' });
    const ready = customResources.filter(({ singular }) => !WITHOUT_READY.has(singular)).map(({ kind }) => kind);
    const expected = objects.filter(({ kind }) => ready.includes(kind));
    assert.deepEqual(new Set(expected.map(({ kind }) => kind)), new Set(ready));
    for (const { apiVersion, kind, metadata } of expected) {
      const key = { apiVersion, kind, name: metadata.name ?? '', namespace: metadata.namespace ?? '' };
      await waitForState(quickstart, key, (object) => readyOf(object)?.status === 'True', 30_000);
    }
  });
});

function readExample(name: string): KubeObject[] {
  return parseYamlDocuments(readFileSync(join(examples, `${name}.yaml`))).map(({ value }) => value as unknown as KubeObject);
}

/** The object with the addresses of this test's servers, which have no certificates. */
function onLoopback(object: KubeObject, { fleet, charts, registry, bucket }: Servers): KubeObject {
  const text = JSON.stringify(object)
    .replace('https://git.example.com/platform/fleet.git', fleet)
    .replace('https://charts.example.com', charts.url)
    .replace('oci://registry.example.com', `oci://127.0.0.1:${registry.port}`)
    .replace('s3.example.com', `127.0.0.1:${bucket.port}`);
  const replaced = JSON.parse(text) as KubeObject & { spec?: object };
  return object.kind === 'OCIRepository' || object.kind === 'Bucket'
    ? { ...replaced, spec: { ...replaced.spec, insecure: true } }
    : replaced;
}

const configMap =
  'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: default\ndata:\n  replicas: ${REPLICAS} of them\n';
const fleetFiles: Readonly<Record<string, string>> = {
  'README.md': 'Not in the artifact.\n',
  'apps/settings.yaml': configMap,
  'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.2.0\n',
  'charts/web/values.yaml': 'replicas: 1\n',
  'charts/web/templates/settings.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  replicas: {{ .Values.replicas | quote }}\n',
};

/** A tar.gz of a file or directory, by the directory that it is in. */
function archive(directory: string, name: string): Buffer {
  return execFileSync('tar', ['-czf', '-', '-C', directory, name]);
}

async function startServers(directory: string): Promise<Servers> {
  const fleet = join(directory, 'fleet');
  for (const [path, text] of Object.entries(fleetFiles)) {
    mkdirSync(dirname(join(fleet, path)), { recursive: true });
    writeFileSync(join(fleet, path), text);
  }
  const git = (...args: string[]): void =>
    void execFileSync('git', ['-C', fleet, '-c', 'user.name=T', '-c', 'user.email=t@localhost', ...args]);
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'The fleet');

  const chart = archive(join(fleet, 'charts'), 'web');
  const index = 'apiVersion: v1\nentries:\n  web:\n    - name: web\n      version: 1.2.0\n      urls: [web-1.2.0.tgz]\n';
  const charts = await listen((request, response) => {
    const content = request.url === '/index.yaml' ? index : request.url === '/web-1.2.0.tgz' ? chart : undefined;
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });

  const registry = await listen(memoryRegistry().handler);
  const client = createOciClient({ url: `oci://127.0.0.1:${registry.port}/platform/fleet`, insecure: true });
  const manifests = { archive: archive(fleet, 'apps'), created: new Date(), source: 'https://git.example.com/platform/fleet.git' };
  for (const tag of ['1.0.0', '1.1.0', '2.0.0']) await client.push(fluxArtifact({ tag, revision: `${tag}@sha1:0`, ...manifests }));

  const content: TestBucket = { objects: new Map([['apps/settings.yaml', configMap]]), requests: [], intercept: () => undefined };
  const bucket = await serveBucket(content, { accessKey: 'platform', secretKey: 'change-me' });
  return { fleet: pathToFileURL(fleet).href, charts, registry, bucket };
}
