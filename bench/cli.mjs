// The command line: whole processes, beside an empty one and, where it is on PATH as `flux-peer` or FLUX_PEER names it, Flux's own.
// `node bench/cli.mjs [--quick]`
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crdOf, customResources } from '../packages/api/dist/index.js';
import { startCluster } from '../packages/apiserver/dist/index.js';
import { createCluster } from '../packages/kube/dist/index.js';

const flux = join(import.meta.dirname, '../packages/cli/bin/flux.js');
/** Flux's own `flux`. Ours has that name, too: it may be on PATH as flux-peer, or be named. */
const peer = process.env.FLUX_PEER ?? 'flux-peer';

/** The median wall times of processes that take turns, in milliseconds: so what else the machine does is in all of them. */
async function medians(commands, environment, runs) {
  const times = commands.map(() => []);
  for (let run = 0; run < runs; run++) {
    for (const [index, [command, ...args]] of commands.entries()) {
      const start = performance.now();
      const status = await new Promise((resolve) =>
        spawn(command, args, { env: { ...process.env, ...environment }, stdio: 'ignore' }).once('exit', resolve),
      );
      if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
      times[index].push(performance.now() - start);
    }
  }
  return times.map((each) => each.sort((a, b) => a - b)[Math.floor(runs / 2)]);
}

export async function run({ quick = false, print = console.log } = {}) {
  const runs = quick ? 5 : 21;
  const isPeer = spawnSync(peer, ['--version']).status === 0;
  const line = (name, figure, ratio) => print(`${name.padEnd(40)} ${figure.toFixed(0)} ms  ${ratio}`);

  const flags = ['--version', '--help'];
  const [empty, ...figures] = await medians([['node', '-e', '0'], ...flags.map((flag) => ['node', flux, flag])], {}, runs);
  line('node -e 0', empty, '');
  for (const [index, flag] of flags.entries()) {
    line(`flux ${flag}`, figures[index], `(ratio to node -e 0: ${(figures[index] / empty).toFixed(2)}, wanted: under 1.6)`);
  }

  const count = quick ? 200 : 1000;
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const embedded = await startCluster({ ephemeral: true, port: 0, simulate: false });
  try {
    const kubeconfig = join(directory, 'kubeconfig');
    writeFileSync(kubeconfig, embedded.kubeconfig, { mode: 0o600 });
    await fill(createCluster(embedded.fetch), count);
    const get = ['get', 'all', '-A'];
    const commands = [['node', flux, ...get], ...(isPeer ? [[peer, ...get]] : [])];
    const [figure, theirs] = await medians(commands, { KUBECONFIG: kubeconfig }, quick ? 3 : 15);
    const ratio = theirs === undefined ? 'no flux to compare with' : `ratio to Flux's: ${(figure / theirs).toFixed(2)}`;
    line(`flux get all -A, ${count} objects`, figure, `(${ratio}, wanted: at most 1)`);
  } finally {
    await embedded.stop();
    rmSync(directory, { recursive: true });
  }
}

const commit = 'main@sha1:a94a8fe5ccb19ba61c4c0873d391e987982fbbd3';
const artifact = {
  path: 'p',
  url: 'http://source-controller/p',
  revision: commit,
  digest: `sha256:${'a9'.repeat(32)}`,
  lastUpdateTime: '2026-01-01T00:00:00Z',
};
const sourceRef = { kind: 'GitRepository', name: 'fleet' };

/** What a fleet is made of, by kind: the spec and what its status has besides the condition. */
const KINDS = [
  ['source.toolkit.fluxcd.io/v1', 'GitRepository', { interval: '1m', url: 'https://git.example/fleet' }, { artifact }],
  ['source.toolkit.fluxcd.io/v1', 'OCIRepository', { interval: '1m', url: 'oci://registry.example/fleet' }, { artifact }],
  ['source.toolkit.fluxcd.io/v1', 'HelmRepository', { interval: '1m', url: 'https://charts.example' }, { artifact }],
  [
    'source.toolkit.fluxcd.io/v1',
    'HelmChart',
    { interval: '1m', chart: 'app', sourceRef: { kind: 'HelmRepository', name: 'charts' } },
    { artifact },
  ],
  [
    'kustomize.toolkit.fluxcd.io/v1',
    'Kustomization',
    { interval: '10m', prune: true, path: './apps', sourceRef },
    { lastAppliedRevision: commit },
  ],
  ['helm.toolkit.fluxcd.io/v2', 'HelmRelease', { interval: '10m', chartRef: { kind: 'OCIRepository', name: 'app' } }, {}],
  [
    'notification.toolkit.fluxcd.io/v1beta3',
    'Alert',
    { providerRef: { name: 'chat' }, eventSources: [{ kind: 'Kustomization', name: '*' }] },
  ],
  ['notification.toolkit.fluxcd.io/v1', 'Receiver', { type: 'generic', secretRef: { name: 'token' }, resources: [sourceRef] }, {}],
];

/** Objects of all kinds in turn, with the status of what is well. */
async function fill(cluster, count) {
  for (const definition of customResources) await cluster.apply(crdOf(definition), { fieldManager: 'bench' });
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'apps' } });
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'Succeeded',
    message: `Applied revision: ${commit}`,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const make = async (index) => {
    const [apiVersion, kind, spec, more] = KINDS[index % KINDS.length];
    const name = `object-${index}`;
    await cluster.create({ apiVersion, kind, metadata: { name, namespace: 'apps' }, spec });
    if (more === undefined) return;
    const status = { observedGeneration: 1, conditions: [condition], ...more };
    await cluster.patch({ apiVersion, kind, namespace: 'apps', name }, 'merge', { status }, { subresource: 'status' });
  };
  for (let index = 0; index < count; index += 20) await Promise.all(Array.from({ length: 20 }, (_, offset) => make(index + offset)));
}

if (process.argv[1] === import.meta.filename) await run({ quick: process.argv.includes('--quick') });
