// HelmReleases of one chart (podinfo, 0 replicas) from one HTTP repository: installed, then upgraded by values, then at rest:
// `node bench/releases.mjs [--quick] [N…]`. On the embedded cluster, or the one of KUBECONFIG_E2E, as bench/controllers.mjs.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { crdOf } from '../packages/api/dist/index.js';
import { controlledResources } from '../packages/controllers/dist/index.js';
import { createInformer } from '../packages/kube/dist/index.js';
import { parallel, pause, printGrowth, startRig, until } from './controllers.mjs';

const NAMESPACE = 'bench-releases';
const RELEASE = { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', namespace: NAMESPACE };
const REPOSITORY = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'HelmRepository', namespace: NAMESPACE };
const CHART = fileURLToPath(new URL('../../shared/conformance/helm/charts/podinfo-6.14.1.tgz', import.meta.url));

/** What Flux 2.9 takes for 40 on a real API server (two cores): seconds; CPU seconds of its helm-controller for both. */
const FLUX = { install: 17.9, upgrade: 17.8, cpu: 10.5 };

async function serveChart() {
  const chart = readFileSync(CHART);
  const index =
    'apiVersion: v1\nentries:\n  podinfo:\n    - {apiVersion: v1, name: podinfo, version: 6.14.1, urls: [podinfo-6.14.1.tgz]}\n';
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.url);
    response.end(request.url.endsWith('/index.yaml') ? index : chart);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, requests, close: () => server.close() };
}

const isDone =
  (version) =>
  ({ status, metadata }) =>
    status?.observedGeneration === metadata.generation &&
    status.history?.[0]?.version === version &&
    status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');

const spec = (values) => ({
  interval: '10m',
  chart: { spec: { chart: 'podinfo', version: '6.14.1', interval: '10m', sourceRef: { kind: 'HelmRepository', name: 'repo' } } },
  values: { replicaCount: 0, ...values },
});

async function rig(print, count) {
  const { cluster, where, startEngine, clusterCpu, close } = await startRig();
  const charts = await serveChart();
  for (const definition of controlledResources) await cluster.apply(crdOf(definition), { fieldManager: 'bench', force: true });
  while ((await cluster.resourceOf(RELEASE)) === undefined) await pause(100);
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }, { fieldManager: 'bench' });
  const engine = await startEngine();
  const idleAt = await engine.usage();
  const clusterAt = await clusterCpu();
  const releases = createInformer(cluster, RELEASE);
  await releases.whenSynced();
  const indexes = Array.from({ length: count }, (_, index) => index);
  const timed = async (version, work) => {
    const started = performance.now();
    await work();
    await until(releases, () => releases.size === count && releases.list().every(isDone(version)));
    return (performance.now() - started) / 1000;
  };
  await cluster.create({ ...REPOSITORY, metadata: { name: 'repo', namespace: NAMESPACE }, spec: { interval: '10m', url: charts.url } });
  const install = await timed(1, () =>
    parallel(indexes, (index) => cluster.create({ ...RELEASE, metadata: { name: `app-${index}`, namespace: NAMESPACE }, spec: spec({}) })),
  );
  const between = await engine.usage();
  const upgrade = await timed(2, () =>
    parallel(indexes, (index) =>
      cluster.patch({ ...RELEASE, name: `app-${index}` }, 'merge', { spec: { values: { ui: { message: 'changed' } } } }),
    ),
  );
  const cpu = (await engine.usage()).cpu - idleAt.cpu;
  const clusterUsed = (await clusterCpu()) - clusterAt;
  await pause(1500);
  const restFrom = await engine.usage();
  await pause(3000);
  const rest = await engine.usage();

  const flux = (name, value) => (count === 40 ? `  (Flux 2.9: ${FLUX[name]} s, ${(FLUX[name] / value).toFixed(1)}x)` : '');
  const label = `controllers: ${count} HelmReleases on ${where}`;
  print(`${label}, install  ${install.toFixed(2)} s${flux('install', install)}`);
  print(`${label}, values of all changed  ${upgrade.toFixed(2)} s${flux('upgrade', upgrade)}`);
  print(
    `${label}, CPU of the engine, both  ${cpu.toFixed(2)} s, install ${(between.cpu - idleAt.cpu).toFixed(2)} s${flux('cpu', cpu)}; the cluster ${clusterUsed.toFixed(2)} s`,
  );
  print(`${label}, at rest  ${(((rest.cpu - restFrom.cpu) / 3) * 100).toFixed(2)} % of a core`);
  print(`${label}, peak RSS of the engine  ${(rest.peak / 1024 ** 2).toFixed(0)} MiB; ${charts.requests.length} requests for charts`);
  releases.stop();
  if (process.env.KUBECONFIG_E2E !== undefined) {
    await parallel(indexes, (index) => cluster.delete({ ...RELEASE, name: `app-${index}` }));
    while ((await cluster.list(RELEASE)).items.length > 0) await pause(200);
    await cluster.delete({ ...REPOSITORY, name: 'repo' });
  }
  await engine.stop();
  charts.close();
  await close();
  return install;
}

/** @param {{ quick?: boolean, print?: (line: string) => void, counts?: readonly number[] }} options */
export async function run({ quick = false, print = console.log, counts = [40, 300, 1000] } = {}) {
  if (!existsSync(CHART)) return print('controllers: HelmReleases  skipped: the conformance data is not there');
  const installs = [];
  for (const count of quick ? [10] : counts) installs.push({ count, seconds: await rig(print, count) });
  printGrowth(print, 'controllers: HelmReleases, install', installs);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const counts = process.argv
    .slice(2)
    .map(Number)
    .filter((count) => count > 0);
  await run({ quick: process.argv.includes('--quick'), ...(counts.length > 0 ? { counts } : {}) });
}
