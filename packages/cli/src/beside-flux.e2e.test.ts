import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { createWithStatus, type Outcome } from './testing/replay.js';
import { controllerDeployment, inspectedObjects, REFERENCES } from './testing/inspected-objects.js';
import { startTestCluster, type TestCluster } from './testing/test-cluster.js';

const peer = process.env['FLUX_PEER'] ?? '';

/** What the controllers have logged: each in its namespace, of several kinds and levels. */
function logOf({ metadata }: KubeObject): string {
  const entry = (level: string, more: object): string =>
    `${JSON.stringify({ level, ts: '2026-01-02T03:04:05.678Z', msg: `of ${metadata.labels?.['app'] ?? ''}`, ...more })}\n`;
  const about = { controller: 'kustomization', controllerGroup: 'kustomize.toolkit.fluxcd.io', controllerKind: 'Kustomization' };
  return [
    entry('info', { logger: 'setup', msg: 'starting manager' }),
    entry('debug', { ...about, name: 'all', namespace: 'shop', reconcileID: '1' }),
    entry('info', {
      ...about,
      Kustomization: { name: 'all', namespace: 'shop' },
      name: 'all',
      namespace: 'shop',
      msg: 'two\nlines <&> "quoted"',
    }),
    'W0102 03:04:05 klog writes what is no JSON\n',
    entry('error', {
      ...about,
      name: 'oci',
      namespace: 'shop',
      msg: 'Reconciler error',
      error: 'build failed: no such file',
      stacktrace: 'a\n\tb',
    }),
    entry('error', { 'reconciler kind': 'GitRepository', name: 'Fleet', namespace: 'flux-system', error: 'boom' }),
    entry('info', { ...about, name: 'root', namespace: 'flux-system' }),
  ].join('');
}

/** A command line that differs on purpose. */
interface Different {
  readonly line: string;
  readonly why: string;
  /** What is the same but for that. */
  readonly same?: (text: string) => string;
  /** What ours says in the place of what Flux says. */
  readonly ours?: RegExp;
}

const WHOLE_LINES = { why: 'what it says is a line', same: (text: string): string => text.trimEnd() };

const LINES: readonly (string | Different)[] = [
  'check --pre',
  'check -n classic',
  'check -n flux-system',
  'check -n nothing-here --timeout=2s',
  {
    line: 'check -n unwell --timeout=2s',
    why: 'it says why, and looks at the definitions although the time is over',
    same: (text) => text.replaceAll(/✔ \S+fluxcd\.io\/\w+\n/g, '').replace(': Available: 0/1', ''),
  },
  {
    line: 'check --as nobody',
    why: 'what can not be looked at is no success',
    same: (text) => text.replace(/(?<=controllers\n|crds\n)✗ checking failed: .*\n/g, ''),
  },
  'check --pre --as nobody',
  'check --pre --components-extra=source-watcher',
  'version --as nobody',
  'version -n classic',
  'version -n classic -o json',
  'version -n untagged',
  'version -n nothing-here',
  'version --client',
  'version --client -o json',
  'version -o text',
  'logs',
  'logs -A',
  'logs -A --flux-namespace=classic',
  'logs --flux-namespace=classic -n shop',
  'logs -A --level=error',
  'logs -A --level=info',
  'logs -A --level=debug',
  'logs -A --level=warn',
  'logs -A --level=',
  'logs -A --kind=kustomization',
  'logs -A --kind=GitRepository --name=fleet',
  'logs -n shop --name=ALL',
  'logs -n shop --kind=HelmRelease',
  'logs -A --tail=2',
  'logs -A --tail=0',
  'logs -A --tail=-1',
  'logs -A --tail=x',
  'logs -A --since=2m',
  'logs -A --since=x',
  'logs -A --since=-5s --flux-namespace=classic',
  'logs -A --since-time=2026-01-02T03:04:05Z',
  'logs -A --since-time=2026-01-02',
  'logs -A --since-time=2026-01-02T03:04:05',
  'logs -A --since-time=2026-01-02T03:04:05.123456+02:00',
  'logs -A --since=1m --since-time=2026-01-02T03:04:05Z',
  'logs --flux-namespace=nothing-here',
  'logs --flux-namespace=unwell',
  { line: 'logs something', why: 'a controller may be named', ours: /^exit code 1\n[^]*✗ no argument required: / },
  'logs --as nobody',
  'logs -f --flux-namespace=untagged -A --timeout=1s',
  'events --as nobody',
  'events -n shop --for Kustomization/all --as nobody',
  'events',
  'events -A',
  'events -n shop',
  'events -n nothing-here',
  'events -n shop --types=Warning',
  'events -n shop --types=normal,warning',
  'events -n shop --types=Error',
  'events -n shop --for Kustomization',
  'events -n shop --for kustomization/all',
  'events -n shop --for Kustomization/elsewhere',
  'events -n shop --for Kustomization/oci',
  'events -n shop --for Kustomization/nope',
  'events -A --for Kustomization/all -n shop',
  'events -n shop --for HelmRelease/web',
  'events -n shop --for HelmRelease/from-git',
  {
    line: 'events -n shop --for HelmRelease/by-ref',
    why: 'a chartRef is no fault',
    ours: /^exit code 0\n[^]*✗ No events found in shop namespace\./,
  },
  'events -n shop --for HelmChart/shop-web',
  'events -n shop --for Alert/all',
  'events -n shop --for Provider/chat',
  'events -n shop --for GitRepository/fleet',
  'events -n shop --for Pod/web',
  'events -n shop --for /all',
  'events -n shop --for Kustomization/',
  'events -n shop --for a/b/c',
  'events -n shop --watch --timeout=1s',
  'stats',
  'stats -A',
  'stats -n shop',
  'stats -n shop-sources',
  'stats something',
  { line: 'stats --as nobody', why: 'what can not be counted is not none', ours: /^exit code 1\n[^]*✗ gitrepositories\S+ is forbidden/ },
  'trace -n shop deployment web',
  'trace -n shop deployment/web configmap/oci-made',
  'trace -n shop configmap of-external of-elsewhere',
  { line: 'trace -n shop configmap/of-sourceless', ...WHOLE_LINES },
  { line: 'trace -n shop configmap/of-nobody', ...WHOLE_LINES },
  'trace -n shop configmap/released',
  'trace -n shop configmap/released-by-ref',
  'trace -n shop configmap/released-from-git',
  { line: 'trace -n shop configmap/unmanaged', ...WHOLE_LINES },
  'trace -n shop configmap/nope',
  'trace -n shop nothing/nope',
  'trace -n shop pods',
  'trace -n shop pod --selector=app=web',
  'trace -n shop web --kind=Deployment --api-version=apps/v1',
  'trace -n shop web --kind=deployment --api-version=apps/v1',
  'trace -n shop web --kind=Deployment',
  'trace -n shop deployment web --as nobody',
  'trace -n shop web --kind=Deployment --api-version=v1',
  {
    line: 'trace -n shop web --kind=Nothing --api-version=example.com/v1',
    why: 'the kind is what is missing',
    ours: /^exit code 1\n[^]*✗ failed to find object: no matches for kind "Nothing"/,
  },
  'trace',
  'tree kustomization all -n shop',
  'tree ks all -n shop --compact',
  'tree ks all -n shop -o json',
  'tree ks all -n shop -o yaml',
  'tree ks all -n shop -o text',
  'tree ks oci -n shop',
  'tree ks elsewhere -n shop',
  'tree ks external -n shop',
  'tree ks nope -n shop',
  'tree ks -n shop',
  'tree ks all oci -n shop',
];

/** Flux's own program and ours on the same cluster: what they print, where, and how they end. */
describe('beside the command line of Flux', { skip: peer === '' ? 'FLUX_PEER names no flux' : false }, () => {
  let world: TestCluster;
  before(async () => {
    world = await startTestCluster(logOf);
    const { cluster } = world;
    for (const name of ['classic', 'untagged', 'unwell', 'shop', 'shop-sources'])
      await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const { code, transcript } = await world.flux(
      'install --components-extra=image-reflector-controller,image-automation-controller --timeout=60s',
    );
    assert.equal(code, 0, transcript);
    for (const [name, image] of Object.entries(REFERENCES)) await cluster.create(controllerDeployment('classic', name, image));
    await cluster.create(controllerDeployment('untagged', 'source-controller', 'ghcr.io/fluxcd/source-controller'));
    await cluster.create(controllerDeployment('unwell', 'source-controller', 'ghcr.io/fluxcd/source-controller:v1.9.4', 'Pending'));
    for (const object of inspectedObjects(Date.now())) await createWithStatus(cluster, object);
    const settled = await world.flux('check -n classic --timeout=60s');
    assert.equal(settled.code, 0, settled.transcript);
  });
  after(async () => {
    if (world.isReal) {
      await world.flux('uninstall --silent');
      for (const name of ['classic', 'untagged', 'unwell', 'shop', 'shop-sources'])
        await world.cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name });
    }
    await world.close();
  });

  for (const each of LINES) {
    const { line, why, same, ours }: Different = typeof each === 'string' ? { line: each, why: '' } : each;
    test(`flux ${line}${why === '' ? '' : `: ${why}`}`, async () => {
      const [theirs, found] = [textOf(await runPeer(line, world)), textOf(await world.flux(line))];
      if (ours === undefined) assert.equal(same?.(found) ?? found, same?.(theirs) ?? theirs);
      else assert.match(found, ours);
    });
  }
});

/** All that people and scripts see. */
function textOf({ stdout, stderr, code }: Omit<Outcome, 'transcript'>): string {
  return [`exit code ${code}`, 'standard output:', stdout, 'standard error:', stderr].join('\n');
}

function runPeer(line: string, { environment }: TestCluster): Promise<Omit<Outcome, 'transcript'>> {
  const child = spawn(peer, line.split(' '), { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk.toString()));
  return new Promise((resolve) =>
    child.once('close', (code) => resolve({ code: code ?? -1, stdout: stdout.join(''), stderr: stderr.join('') })),
  );
}
