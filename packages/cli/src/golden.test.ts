import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import type { KubeObject } from '@sluice/core';
import { createCluster, type Cluster } from '@sluice/kube';
import { parseYamlDocuments } from '@sluice/yaml';
import { applyDefinitions, createWithStatus, runFlux, shared, type Outcome } from './testing/replay.js';
import { FLUX_VERSION } from './versions.js';

interface Golden {
  readonly name: string;
  readonly args: string;
  readonly output: string;
  readonly error?: string;
  readonly stdin?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly setupObjects?: readonly { readonly file: string; readonly template?: Readonly<Record<string, string>> }[];
}

const folder = join(shared, 'cli/golden');

/** Differences on purpose, and what the recording leaves out. */
const DIFFERENT: readonly [name: RegExp, why: string][] = [
  [/testdiffartifact/, 'needs the registry of the recording'],
  [/get-with-all-namespaces-flag/, 'shows objects of tests that are not in the recording'],
  [/testbuildkustomization-build-ignore/, 'needs a .sourceignore that is not in the recording'],
  [/testexport-image-update/, 'the template of the recording has emptied a field'],
  [/newnamespaceandconfigmap/, 'an object in a namespace that is made with it is no failure here'],
];

/** What was in the cluster before some cases of `diff`, which the recording does not say. */
const DEPLOYED: readonly [name: RegExp, file: string][] = [
  [/diff-with-a-deployment-object/, 'deployment'],
  [/diff-with-a-drifted-service-object/, 'service'],
  [/diff-with-a-drifted-secret-object/, 'secret'],
  [/diff-with-a-drifted-key-in-sops/, 'key-sops-secret'],
  [/diff-with-a-drifted-value-in-sops/, 'value-sops-secret'],
  [/diff-with-a-sops-dockerconfigjson/, 'dockerconfigjson-sops-secret'],
  [/diff-with-a-sops-stringdata/, 'stringdata-sops-secret'],
  [/diff-with-recursive/, 'my-app'],
  [/testdiffkustomizationtakeownership/, 'existing-configmap'],
  [/testdiffkustomizationdriftignorerules/, 'drifted-service-no-labels'],
];

/** How a controller would answer some cases of `create source git`. */
const ANSWERED: readonly [name: RegExp, status: (generation: number) => Record<string, unknown>][] = [
  [/testcreatesourcegit-succeeded/, (generation) => ({ ...ready(generation, 'True'), artifact: artifact() })],
  [
    /testcreatesourcegit-failed/,
    (generation) => ({
      observedGeneration: generation,
      conditions: [condition('Stalled', 'True', 'failed message'), condition('Ready', 'False', 'failed message')],
    }),
  ],
  [/testcreatesourcegit-noartifact/, (generation) => ready(generation, 'True')],
];

const ready = (observedGeneration: number, status: string) => ({ observedGeneration, conditions: [condition('Ready', status, 'message')] });
const condition = (type: string, status: string, message: string) => ({
  type,
  status,
  message,
  reason: 'Recorded',
  lastTransitionTime: '2024-05-06T07:08:09Z',
});
const artifact = () => ({
  path: 'p',
  url: 'http://x/p',
  revision: 'v1',
  digest: `sha256:${'0'.repeat(64)}`,
  lastUpdateTime: '2024-05-06T07:08:09Z',
});

describe("flux's golden command lines", { skip: existsSync(folder) ? false : '../shared/conformance is not there' }, () => {
  if (!existsSync(folder)) return;
  const { cases } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { cases: Golden[] };
  let embedded: EmbeddedCluster;
  let cluster: Cluster;
  let directory: string;
  let here: string;

  before(async () => {
    // Here and not above, where an earlier suite may be elsewhere.
    here = process.cwd();
    directory = mkdtempSync(join(tmpdir(), 'sluice-golden-'));
    process.chdir(folder);
    embedded = await startCluster({ ephemeral: true, port: 0, simulate: false });
    writeFileSync(join(directory, 'kubeconfig'), embedded.kubeconfig, { mode: 0o600 });
    cluster = createCluster(embedded.fetch);
    await applyDefinitions(cluster);
  });
  after(async () => {
    process.chdir(here);
    await embedded.stop();
    rmSync(directory, { recursive: true });
  });

  for (const golden of cases) {
    const [, why] = DIFFERENT.find(([name]) => name.test(golden.name)) ?? [];
    test(`flux ${golden.args} (${golden.name})`, { skip: why ?? false }, async () => {
      for (const { file, template = {} } of golden.setupObjects ?? []) await createAll(cluster, file, template);
      for (const [path, content] of Object.entries(golden.files ?? {})) writeFileSync(join(directory, path), content);
      const namespace = /(?:-n[= ]?|--namespace[= ])([a-z0-9-]+)/.exec(golden.args)?.[1] ?? 'flux-system';
      await createNamespace(cluster, namespace);
      const deployed = DEPLOYED.filter(([name]) => name.test(golden.name)).flatMap(([, file]) =>
        objectsIn(`./testdata/diff-kustomization/${file}.yaml`, { fluxns: namespace }),
      );
      for (const object of deployed) await cluster.apply(withData(object), { fieldManager: 'kustomize-controller' });
      const running = runFlux(golden.args.replaceAll('$TMP', directory), environmentOf(directory, golden), golden.stdin);
      const [, status] = ANSWERED.find(([name]) => name.test(golden.name)) ?? [];
      const [outcome] = await Promise.all([running, status === undefined ? undefined : answer(cluster, namespace, status)]);
      for (const { apiVersion, kind, metadata } of deployed)
        await cluster.delete({
          apiVersion,
          kind,
          name: metadata.name ?? '',
          ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
        });
      check(golden, outcome);
    });
  }
});

function environmentOf(directory: string, { args }: Golden): Record<string, string> {
  return { KUBECONFIG: join(directory, 'kubeconfig'), HOME: directory, ...(args === 'envsubst' ? { REPO_NAME: 'test' } : {}) };
}

function check({ output, error, args }: Golden, { transcript, code }: Outcome): void {
  if (args.includes('--help')) return assert.equal(code, 0);
  let expected = output.replaceAll('0.0.0-dev.0', FLUX_VERSION);
  // The tests of the recording share flags: a default that an earlier one has changed is not there.
  if (expected.includes('interval: 0s')) expected = expected.replace('interval: 0s', 'interval: 1m0s');
  if (/create source oci.*--export/.test(args)) expected = expected.replace('  ref:\n    tag', '  provider: generic\n  ref:\n    tag');
  const text = transcript
    .replaceAll(/localhost:\d+/g, 'localhost:$PORT')
    .replaceAll(/[ \t]+$/gm, '')
    .trim();
  const isDifference = error?.startsWith('identified at least one change') === true;
  const failure = error === undefined ? '' : `${isDifference ? '⚠️' : '✗'} ${error}`;
  const wanted = expected.replaceAll(/[ \t]+$/gm, '').trim();
  assert.equal(text.replace(/\n+(?=(?:✗|⚠️) .*$)/, '\n'), `${wanted}\n${failure}`.trim());
  const failed = args.startsWith('diff kustomization') && !isDifference ? 2 : 1;
  assert.equal(code, error === undefined ? 0 : failed);
}

function objectsIn(file: string, template: Readonly<Record<string, string>>): KubeObject[] {
  const path = file.startsWith('./testdata/') ? file : `./testdata/${file.replace(/^(\.\/)?(testdata\/)?/, '')}`;
  const text = readFileSync(join(folder, path), 'utf8').replaceAll(/\{\{\s*\.(\w+)\s*\}\}/g, (_, name: string) => template[name] ?? '');
  return parseYamlDocuments(text)
    .map(({ value }) => value as unknown as KubeObject | null)
    .filter((object) => object !== null);
}

/** A Secret as its values are applied: those that are written in plain text among the others. */
function withData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object as KubeObject & { stringData?: Readonly<Record<string, string>> };
  if (stringData === undefined) return object;
  const data = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { ...(rest as KubeObject), data: Object.fromEntries(data) };
}

async function createAll(cluster: Cluster, file: string, template: Readonly<Record<string, string>>): Promise<void> {
  for (const object of objectsIn(file, template)) {
    const { namespace } = object.metadata;
    if (namespace !== undefined) await createNamespace(cluster, namespace);
    await createWithStatus(cluster, object);
  }
}

async function createNamespace(cluster: Cluster, name: string): Promise<void> {
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { fieldManager: 'test' }).catch(() => undefined);
}

/** Plays the controller of a GitRepository once. */
async function answer(cluster: Cluster, namespace: string, status: (generation: number) => Record<string, unknown>): Promise<void> {
  const key = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace, name: 'podinfo' };
  for (;;) {
    const object = await cluster.get(key);
    if (object !== undefined) {
      await cluster.patch(key, 'merge', { status: status(object.metadata.generation ?? 1) as never }, { subresource: 'status' });
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
