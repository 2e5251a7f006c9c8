import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { headerOf } from '@sluice/kube';
import { startCluster, type EmbeddedCluster } from './index.js';

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

const skip = existsSync(folder) ? false : 'the recorded requests are not here';

test('every request of kubectl is answered as by a real server', { skip }, async () => {
  const { commands } = JSON.parse(readFileSync(join(folder, 'kubectl-requests.json'), 'utf8')) as {
    commands: readonly { command: string; requests: readonly RecordedRequest[] }[];
  };
  const cluster = await startCluster({ simulate: false });
  const wrong: string[] = [];
  try {
    const send = sender(cluster);
    /** The newest version of what a request is about. */
    const revisionOf = async (path: string): Promise<string> =>
      /"resourceVersion":"(\d+)"/.exec((await send('GET', path.replace(/\?.*/, ''), {})).text)?.[1] ?? '';
    assert.equal((await send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {}, JSON.stringify(widgets))).status, 201);
    await send('POST', '/api/v1/namespaces', {}, JSON.stringify({ metadata: { name: 's-kubectl' } }));
    while ((await send('GET', '/api/v1/namespaces/s-kubectl/serviceaccounts/default', {})).status !== 200) await setTimeout(10);
    for (const { command, requests } of commands) {
      for (const { method, path, headers = {}, body, protobufBase64, status } of requests) {
        const payload =
          protobufBase64 !== undefined
            ? Buffer.from(protobufBase64, 'base64')
            : body === undefined
              ? undefined
              : withoutPlaceholders(
                  JSON.stringify(body).replace(/("\/metadata\/resourceVersion","value":")\d+/, '$1<rv>'),
                  await revisionOf(path),
                );
        const answer = await send(method, withoutPlaceholders(path), headers, payload);
        // Not every object of the recording is here; what must not happen is that nobody is at home, or that a request is refused that was not.
        if (status === 0) continue; // A connection that was upgraded.
        const isOther = Math.floor(answer.status / 100) !== Math.floor(status / 100) && !(answer.status === 404 && !isUnknownPath(answer));
        if (isOther || (answer.status === 200 && !isAsked(answer.type, headers['Accept']))) {
          wrong.push(`${command}: ${method} ${path}: ${answer.status} instead of ${status}, ${answer.type} ${answer.text}`);
        }
      }
    }
  } finally {
    await cluster.stop();
  }
  assert.deepEqual(wrong, []);
});

/** Kinds of the controllers' recording, by resource. */
const controllerKinds: Readonly<Record<string, string>> = {
  buckets: 'Bucket',
  gitrepositories: 'GitRepository',
  helmcharts: 'HelmChart',
  helmreleases: 'HelmRelease',
  helmrepositories: 'HelmRepository',
  kustomizations: 'Kustomization',
  ocirepositories: 'OCIRepository',
};

test('every request of controllers is served, in what they accept', { skip }, async () => {
  const { requests } = JSON.parse(readFileSync(join(folder, 'controller-requests.json'), 'utf8')) as {
    requests: readonly { method: string; path: string; accept: string; contentType?: string }[];
  };
  const cluster = await startCluster({ simulate: false });
  const wrong: string[] = [];
  try {
    const send = sender(cluster);
    await send('POST', '/api/v1/namespaces', {}, JSON.stringify({ metadata: { name: 'flux-system' } }));
    const defined = new Set<string>();
    let made = 0;
    const targets = requests.map((request) => ({ ...request, path: withoutPlaceholders(request.path) }));
    for (const { path } of targets) {
      const [, group = '', version = '', namespace, plural = '', name] =
        /^\/apis\/([^/]+)\/([^/]+)\/(?:namespaces\/([^/]+)\/)?([^/?]+)(?:\/([^/?]+))?/.exec(path) ?? [];
      const kind = controllerKinds[plural];
      if (kind === undefined) continue;
      if (!defined.has(plural)) {
        const created = await send(
          'POST',
          '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
          {},
          definition(group, version, plural, kind),
        );
        assert.equal(created.status, 201, created.text);
        defined.add(plural);
      }
      if (name !== undefined)
        await send(
          'POST',
          `/apis/${group}/${version}/namespaces/${namespace}/${plural}`,
          {},
          object(`${group}/${version}`, kind, name, { spec: {} }),
        );
    }
    await send('POST', '/api/v1/namespaces/flux-system/secrets', {}, object('v1', 'Secret', 'auth'));
    for (const { method, path, accept, contentType } of targets.toSorted(
      (a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'),
    )) {
      const [, group = '', version = '', plural = '', name = ''] =
        /^\/apis\/([^/]+)\/([^/]+)\/namespaces\/[^/]+\/([^/?]+)(?:\/([^/?]+))?/.exec(path) ?? [];
      const event = /\/events(?:\/([^/?]+))?/.exec(path);
      const involvedObject = { kind: 'HelmChart', name: 'x', namespace: 'flux-system' };
      const body =
        method === 'POST'
          ? object('v1', 'Event', `e.${made++}`, { involvedObject })
          : event?.[1] !== undefined
            ? JSON.stringify({ count: 2 })
            : contentType === 'application/apply-patch+yaml'
              ? object(`${group}/${version}`, controllerKinds[plural] ?? '', name, { spec: { interval: '1m' } })
              : method === 'PATCH'
                ? JSON.stringify({ metadata: { finalizers: ['finalizers.example.com/x'] }, status: { observedGeneration: 1 } })
                : undefined;
      if (event?.[1] !== undefined)
        await send('POST', '/api/v1/namespaces/flux-system/events', {}, object('v1', 'Event', event[1], { involvedObject }));
      const headers = { Accept: accept, ...(contentType === undefined ? {} : { 'Content-Type': contentType }) };
      const answer = await send(method, path, headers, body);
      const isRight = answer.status >= 200 && answer.status < 300 && (method === 'HEAD' || isAsked(answer.type, accept));
      if (!isRight) wrong.push(`${method} ${path}: ${answer.status}, ${answer.type} ${answer.text}`);
    }
  } finally {
    await cluster.stop();
  }
  assert.deepEqual(wrong, []);
});

/** A recorded path or body with something that could stand where the recording has no value. */
function withoutPlaceholders(text: string, revision = '2'): string {
  return text
    .replaceAll('<duration>', '5m0s')
    .replaceAll('<300-600>', '400')
    .replaceAll('<rv>', revision)
    .replaceAll('<time>', '2026-01-01T00:00:00Z')
    .replaceAll('continue=<continue>&', '')
    .replaceAll(/<(?:event-suffix|hash)>/g, '17');
}

function object(apiVersion: string, kind: string, name: string, more: object = {}): string {
  return JSON.stringify({ apiVersion, kind, metadata: { name, namespace: 'flux-system' }, ...more });
}

function definition(group: string, version: string, plural: string, kind: string): string {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema, subresources: { status: {} } }],
    },
  });
}

interface Answer {
  readonly status: number;
  readonly type: string;
  /** The start of a body that is not a stream. */
  readonly text: string;
}

type Send = (method: string, path: string, headers: Readonly<Record<string, string>>, body?: string | Buffer) => Promise<Answer>;

/** Sends a request, and lets go of the answer when it is a stream. */
function sender({ fetch }: EmbeddedCluster): Send {
  return async (method, path, headers, body) => {
    const abort = new AbortController();
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const {
      status,
      headers: answered,
      body: answer,
    } = await fetch({
      method,
      path,
      headers: body === undefined ? lower : { 'content-type': 'application/json', ...lower },
      signal: abort.signal,
      ...(body === undefined ? {} : { body }),
    });
    abort.abort();
    return { status, type: headerOf(answered, 'content-type') ?? '', text: typeof answer === 'string' ? answer.slice(0, 400) : '' };
  };
}

/** Whether an answer comes in a media type that the request accepts. */
function isAsked(type: string, accept: string | undefined): boolean {
  const [name = ''] = type.split(';');
  return accept === undefined || accept === '' || accept.includes('*/*') || accept.replaceAll('@', '.').includes(name);
}

function isUnknownPath({ status, type, text }: Answer): boolean {
  return status === 404 && (type.startsWith('text/plain') || text.includes('could not find the requested resource'));
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
