import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { headerOf } from '@sluice/kube';
import { startCluster } from './index.js';

const folder = fileURLToPath(new URL('../../../../shared/conformance/apiserver', import.meta.url));
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly protobufBase64?: string;
  readonly status: number;
}

/** The custom resources of the recording. */
const widgets = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.kubectl.example.com' },
  spec: {
    group: 'kubectl.example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
      },
    ],
  },
};

test('every request of kubectl finds a handler', { skip: existsSync(folder) ? false : 'the recorded requests are not here' }, async () => {
  const { commands } = JSON.parse(readFileSync(join(folder, 'kubectl-requests.json'), 'utf8')) as {
    commands: readonly { command: string; requests: readonly RecordedRequest[] }[];
  };
  const cluster = await startCluster({ simulate: false });
  const unserved: string[] = [];
  try {
    const made = await cluster.fetch({
      method: 'POST',
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(widgets),
    });
    assert.equal(made.status, 201);
    for (const { command, requests } of commands) {
      for (const { method, path, headers = {}, body, protobufBase64, status } of requests) {
        const abort = new AbortController();
        const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
        const payload =
          protobufBase64 === undefined ? (body === undefined ? undefined : JSON.stringify(body)) : Buffer.from(protobufBase64, 'base64');
        const answer = await cluster.fetch({
          method,
          path,
          headers: lower,
          signal: abort.signal,
          ...(payload === undefined ? {} : { body: payload }),
        });
        abort.abort();
        // The objects of the recording are not here; what must not happen is that nobody is at home.
        const isNobody =
          answer.status === 405 || answer.status === 406 || answer.status === 415 || answer.status >= 500 || isUnknownPath(answer);
        if (status < 300 && isNobody) unserved.push(`${command}: ${method} ${path}: ${answer.status} ${shown(answer.body)}`);
      }
    }
  } finally {
    await cluster.stop();
  }
  assert.deepEqual(unserved, []);
});

/** The start of a body that is not a stream. */
function shown(body: unknown): string {
  return typeof body === 'string' ? body.slice(0, 400) : '';
}

function isUnknownPath({ status, body, headers }: { status: number; body: unknown; headers: Parameters<typeof headerOf>[0] }): boolean {
  if (status !== 404) return false;
  return (
    headerOf(headers, 'content-type')?.startsWith('text/plain') === true || shown(body).includes('could not find the requested resource')
  );
}

test(
  'kubectl creates, reads, explains, diffs, waits and deletes',
  { skip: hasKubectl ? false : 'kubectl is not on the PATH' },
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-kubectl-'));
    const cluster = await startCluster({ directory, simulate: true });
    const run = promisify(execFile);
    const env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath, HOME: directory };
    const kubectl = async (...args: string[]): Promise<string> => (await run('kubectl', args, { env })).stdout;
    const manifest = join(directory, 'web.yaml');
    try {
      assert.match(await kubectl('create', 'namespace', 'shop'), /namespace\/shop created/);
      await writeFile(manifest, deployment(1));
      assert.match(await kubectl('apply', '-f', manifest), /deployment.apps\/web created/);
      assert.match(await kubectl('wait', '--for=condition=Available', 'deployment/web', '-n', 'shop', '--timeout=20s'), /condition met/);
      assert.match(await kubectl('get', 'deployments', '-n', 'shop'), /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +1\/1 +1 +1/);
      assert.match(await kubectl('explain', 'deployment.spec.replicas'), /FIELD: replicas <integer>/);
      await writeFile(manifest, deployment(2));
      const diff = await kubectl('diff', '-f', manifest).catch((error: { code: number; stdout: string }) => error);
      assert.ok(typeof diff !== 'string' && diff.code === 1);
      assert.match(diff.stdout, /\n-  replicas: 1\n\+  replicas: 2\n/);
      assert.match(await kubectl('apply', '--server-side', '--force-conflicts', '-f', manifest), /serverside-applied/);
      assert.match(await kubectl('describe', 'deployment', 'web', '-n', 'shop'), /Replicas: +2 desired/);
      assert.match(await kubectl('create', 'configmap', 'c', '-n', 'shop', '--from-literal=a=b'), /configmap\/c created/);
      assert.equal((await kubectl('auth', 'can-i', 'delete', 'nodes')).trim(), 'yes');
      assert.match(await kubectl('create', 'token', 'default', '-n', 'shop'), /^eyJ/);
      assert.match(await kubectl('delete', 'namespace', 'shop', '--timeout=20s'), /namespace "shop" deleted/);
      assert.doesNotMatch(await kubectl('get', 'namespaces'), /shop/);
    } finally {
      await cluster.stop();
      await rm(directory, { recursive: true });
    }
  },
);

function deployment(replicas: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'example.com/web:1'}]}
`;
}
