import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { createCluster, waitFor, type Cluster } from '@sluice/kube';
import { conditionsOf, field } from '../kinds/index.js';
import { main } from '../main.js';
import { terminalOver } from '../terminal.js';
import { freePort, startGitHost, type GitHost } from '../testing/git-host.js';

describe('sluice controller', () => {
  let embedded: EmbeddedCluster;
  let cluster: Cluster;
  let host: GitHost;
  let directory: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-controller-'));
    [embedded, host] = await Promise.all([startCluster({ ephemeral: true }), startGitHost()]);
    writeFileSync(join(directory, 'kubeconfig'), embedded.kubeconfig, { mode: 0o600 });
    cluster = createCluster(embedded.fetch);
    const installed = await run(['install', '--timeout=5m']).done;
    assert.equal(installed.code, 0, installed.output());
  });
  after(async () => {
    await embedded.stop();
    await host.close();
    rmSync(directory, { recursive: true, force: true });
  });

  interface Running {
    readonly output: () => string;
    readonly stop: () => void;
    readonly done: Promise<{ code: number; output: () => string }>;
  }

  function run(args: readonly string[]): Running {
    let text = '';
    const interrupted = new AbortController();
    const write = (more: string): void => void (text += more);
    const terminal = terminalOver(write, write, {
      KUBECONFIG: join(directory, 'kubeconfig'),
      HOME: directory,
      RUNTIME_NAMESPACE: 'flux-system',
    });
    const output = (): string => text;
    const done = main('sluice', args, terminal, interrupted.signal).then((code) => ({ code, output }));
    return { output, stop: () => interrupted.abort(new Error('told to end')), done };
  }

  test('source-controller and kustomize-controller as processes of their own, by artifacts over HTTP; events are posted', async () => {
    const posted: { message: string; reportingController: string }[] = [];
    const events = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        posted.push(JSON.parse(body) as never);
        response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => {
      events.listen(0, '127.0.0.1', resolve);
    });
    const [health, otherHealth, storage] = (await Promise.all([freePort(), freePort(), freePort()])).map((port) => `127.0.0.1:${port}`) as [
      string,
      string,
      string,
    ];
    const common = [
      `--events-addr=http://127.0.0.1:${(events.address() as AddressInfo).port}/`,
      '--metrics-addr=0',
      '--enable-leader-election',
      '--leader-election-retry-period=100ms',
      '--log-level=debug',
      '--kube-api-qps=100',
    ];
    const source = run([
      'controller',
      'source-controller',
      ...common,
      `--health-addr=${health}`,
      `--storage-addr=${storage}`,
      `--storage-adv-addr=${storage}`,
      `--storage-path=${join(directory, 'source')}`,
    ]);
    const kustomize = run([
      'controller',
      'kustomize-controller',
      ...common,
      `--health-addr=${otherHealth}`,
      `--storage-path=${join(directory, 'kustomize')}`,
    ]);
    try {
      host.create('fleet');
      host.commit('fleet', { 'app/settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: default}\n' });
      await cluster.create(secret(host));
      await cluster.create(repository(host));
      await cluster.create(kustomization);
      const signal = AbortSignal.timeout(30_000);
      await waitFor(
        cluster,
        { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'settings' },
        (object) => object !== undefined,
        { signal },
      );
      const key = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace: 'default', name: 'fleet' };
      assert.match(
        String(field(await cluster.get(key), 'status', 'artifact', 'url')),
        new RegExp(`^http://${storage}/gitrepository/default/fleet/`),
      );
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        namespace: 'flux-system',
        name: 'kustomize-controller-leader-election',
      };
      assert.notEqual(field(await cluster.get(lease), 'spec', 'holderIdentity'), undefined);
      const ready = await fetch(`http://${health}/readyz`);
      assert.equal(ready.status, 200);
      await waitFor(
        cluster,
        { ...kustomizationKey },
        (object) => object !== undefined && conditionsOf(object).some(({ type, status }) => type === 'Ready' && status === 'True'),
        { signal },
      );
    } finally {
      source.stop();
      kustomize.stop();
      const ended = await Promise.all([source.done, kustomize.done]);
      for (const { code, output } of ended) assert.equal(code, 0, output());
      await new Promise((resolve) => {
        events.close(resolve);
        events.closeAllConnections();
      });
    }
    assert.deepEqual([...new Set(posted.map(({ reportingController }) => reportingController))].toSorted(), [
      'kustomize-controller',
      'source-controller',
    ]);
    assert.match(source.output(), /--kube-api-qps changes nothing/);
  });

  const refusals: readonly [args: readonly string[], message: RegExp][] = [
    [['nonsense-controller'], /component nonsense-controller is not available/],
    [['--sops-vault-configmap=x'], /--sops-vault-configmap is not supported: Vault is reached/],
    [['--feature-gates=Nonsense=true'], /feature-gate 'Nonsense' not supported; there are /],
    [['--feature-gates=ExternalArtifact'], /must be formatted as name=true/],
    [['--feature-gates=AllowDNSLookups=true'], /can't be on/],
    [['--health-addr=nowhere'], /--health-addr=nowhere is no address/],
    [['--interval-jitter-percentage=20'], /must be 0 or 5/],
    [['--artifact-digest-algo=md5'], /must be sha256/],
    [['--log-level=loud'], /must be one of: trace, debug, info, error/],
    [['--sops-mac=loudly'], /"loudly" for "--sops-mac" flag: must be one of: enforce, warn, ignore/],
    [['--concurrent=0'], /--concurrent must be 1 or more/],
    [['--storage-path=/dev/null/here'], /--storage-path=\/dev\/null\/here can't be written/],
  ];
  for (const [args, message] of refusals) {
    test(`refuses ${args.join(' ')}`, async () => {
      const { code, output } = await run(['controller', `--storage-path=${join(directory, 'x')}`, ...args]).done;
      assert.equal(code, 1);
      assert.match(output(), message);
    });
  }
});

const kustomizationKey = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', namespace: 'default', name: 'fleet' };
const kustomization = {
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name: 'fleet', namespace: 'default' },
  spec: { interval: '10m', path: './app', prune: true, sourceRef: { kind: 'GitRepository', name: 'fleet' } },
};

function secret(host: GitHost): { apiVersion: string; kind: string; metadata: { name: string; namespace: string }; stringData: object } {
  const ca = readFileSync(host.caFile, 'utf8');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace: 'default' },
    stringData: { username: host.user, password: host.token, 'ca.crt': ca },
  };
}

function repository(host: GitHost): { apiVersion: string; kind: string; metadata: { name: string; namespace: string }; spec: object } {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: 'fleet', namespace: 'default' },
    spec: { interval: '1m', url: `https://${host.address}/fleet.git`, ref: { branch: 'main' }, secretRef: { name: 'login' } },
  };
}
