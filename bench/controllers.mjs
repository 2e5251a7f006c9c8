// Kustomizations over one Git monorepo, each a ServiceAccount, Service, Deployment (0 replicas) and Ingress, with `wait` and one
// substitution: `node bench/controllers.mjs [--quick] [N…]`. On the embedded cluster, or the one of KUBECONFIG_E2E. Cluster, engine and
// the one who measures are processes of their own, as the peers' were: CPU and memory are those of the engine alone.
import { execFileSync, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { crdOf, gitRepository, kustomization } from '../packages/api/dist/index.js';
import { createCluster, createInformer, loadKubeconfig, networkFetch } from '../packages/kube/dist/index.js';

const NAMESPACE = 'bench';
const GIT = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository' };
const KUSTOMIZATION = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' };
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACE };

/** What Flux 2.9 takes on a real API server (two cores): seconds to the first sync, for all changed, for one changed; CPU seconds of the three. */
const FLUX = {
  40: { first: 93.7, all: 95.3, one: 93.7, cpu: 19 },
  100: { first: 25.6, all: 41.8, one: 38, cpu: 69.5 },
  300: { first: 125, all: 178, one: 183, cpu: 517 },
};

function manifests(index, version) {
  const name = `app-${index}`;
  return `apiVersion: v1
kind: ServiceAccount
metadata: {name: ${name}}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 0
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      serviceAccountName: ${name}
      containers: [{name: app, image: "example.com/app:${version}", env: [{name: WHO, value: "\${who}"}]}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}}
spec: {rules: [{host: ${name}.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: ${name}, port: {number: 80}}}}]}}]}
`;
}

/** A part of the rig in a process of its own; see bench/controllers-part.mjs. */
async function startPart(name, options) {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'controllers-part.mjs');
  const flags = name === 'engine' && process.env.CPU_PROF ? ['--cpu-prof', `--cpu-prof-dir=${process.env.CPU_PROF}`] : [];
  const child = fork(script, [name, JSON.stringify(options)], { execArgv: flags });
  const ask = (question) =>
    new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error(`the ${name} of the benchmark ended`)));
      if (question !== undefined) child.send(question);
    });
  const started = await ask();
  return {
    started,
    usage: () => ask('usage'),
    stop: async () => {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.send('stop');
      await exited;
    },
  };
}

/** One cluster with the engine on it. */
export async function startRig() {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-controllers-'));
  const real = process.env.KUBECONFIG_E2E;
  const embedded = real === undefined ? await startPart('cluster', {}) : undefined;
  const kubeconfig = real ?? join(directory, 'kubeconfig');
  if (embedded !== undefined) writeFileSync(kubeconfig, embedded.started.kubeconfig, { mode: 0o600 });
  const fetch = networkFetch(await loadKubeconfig({ path: kubeconfig }));
  const repository = join(directory, 'repository');
  mkdirSync(repository);
  const git = (...args) => execFileSync('git', args, { cwd: repository, stdio: 'pipe' });
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'bench');
  git('config', 'user.email', 'bench@example.com');
  return {
    cluster: createCluster(fetch),
    where: embedded === undefined ? 'a real cluster' : 'the embedded cluster',
    url: `file://${repository}`,
    commit: (files) => {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(repository, path)), { recursive: true });
        writeFileSync(join(repository, path), content);
      }
      git('add', '--all');
      git('commit', '--quiet', '--message', 'change');
      return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: repository, encoding: 'utf8' }).trim();
    },
    startEngine: () => startPart('engine', { kubeconfig, directory }),
    clusterCpu: async () => (await embedded?.usage())?.cpu ?? 0,
    close: async () => {
      await fetch.close();
      await embedded?.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** `layers` chains the Kustomizations by dependsOn: each of a layer waits for one of the layer before. */
async function rig(print, count, { layers = 1 } = {}) {
  const { cluster, where, url, commit, startEngine, clusterCpu, close } = await startRig();
  for (const definition of [gitRepository, kustomization]) {
    // The repository is a directory; what the API admits is for clusters.
    const text = JSON.stringify(crdOf(definition)).replaceAll('^(http|https|ssh)://', '^(http|https|ssh|file)://');
    await cluster.apply(JSON.parse(text), { fieldManager: 'bench', force: true });
  }
  for (const kind of [KUSTOMIZATION, GIT]) {
    while ((await cluster.resourceOf(kind)) === undefined) await pause(100);
    await forgetKind(cluster, kind);
  }
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }, { fieldManager: 'bench' });
  const indexes = Array.from({ length: count }, (_, index) => index);
  const all = (version) => Object.fromEntries(indexes.map((index) => [`apps/app-${index}/app.yaml`, manifests(index, version)]));
  let hash = commit(all(1));
  const engine = await startEngine();
  const idleAt = await engine.usage();

  const deployments = createInformer(cluster, DEPLOYMENT);
  const kustomizations = createInformer(cluster, { ...KUSTOMIZATION, namespace: NAMESPACE });
  await Promise.all([deployments.whenSynced(), kustomizations.whenSynced()]);
  const isDone = ({ status }) =>
    status?.lastAppliedRevision === `main@sha1:${hash}` && status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
  /** Seconds until all Kustomizations are ready at the last commit. */
  const timed = async (work) => {
    const started = performance.now();
    await work();
    await until(kustomizations, () => kustomizations.size === count && kustomizations.list().every(isDone));
    if (process.env.DETAIL) console.log('  engine', (await engine.usage()).cpu - idleAt.cpu, 'cluster', await clusterCpu());
    return (performance.now() - started) / 1000;
  };
  const request = () =>
    cluster.patch({ ...GIT, namespace: NAMESPACE, name: 'repo' }, 'merge', {
      metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': String(performance.now()) } },
    });
  const perLayer = Math.ceil(count / layers);
  const create = (index) =>
    cluster.create({
      ...KUSTOMIZATION,
      metadata: { name: `app-${index}`, namespace: NAMESPACE },
      spec: {
        interval: '10m',
        path: `./apps/app-${index}`,
        prune: true,
        wait: true,
        targetNamespace: NAMESPACE,
        sourceRef: { kind: 'GitRepository', name: 'repo' },
        postBuild: { substitute: { who: 'bench' } },
        ...(index < perLayer ? {} : { dependsOn: [{ name: `app-${index - perLayer}` }] }),
      },
    });

  const first = await timed(async () => {
    const spec = { interval: '10m', url, ref: { branch: 'main' } };
    await cluster.create({ ...GIT, metadata: { name: 'repo', namespace: NAMESPACE }, spec });
    await parallel(indexes, create);
  });
  const changeAll = await timed(async () => {
    hash = commit(all(2));
    await request();
  });
  let changed = 0;
  const middle = Math.floor(count / 2);
  const settled = await timed(async () => {
    hash = commit({ [`apps/app-${middle}/app.yaml`]: manifests(middle, 3) });
    const started = performance.now();
    await request();
    await until(deployments, () => imageOf(deployments.get(NAMESPACE, `app-${middle}`)).endsWith(':3'));
    changed = (performance.now() - started) / 1000;
  });
  const cpu = (await engine.usage()).cpu - idleAt.cpu;

  const drifts = [];
  for (let turn = 0; turn < 20; turn++) {
    const name = `app-${turn % count}`;
    const replicas = () => deployments.get(NAMESPACE, name).spec.replicas;
    const at = performance.now();
    const { metadata } = await cluster.patch({ ...DEPLOYMENT, name }, 'merge', { spec: { replicas: 3 } }, { fieldManager: 'someone' });
    const isBack = () =>
      replicas() === 0 && Number(deployments.get(NAMESPACE, name).metadata.resourceVersion) > Number(metadata.resourceVersion);
    await until(deployments, isBack);
    drifts.push((performance.now() - at) / 1000);
  }
  await pause(1500);
  const writesBefore = kustomizations.list().map(({ metadata }) => metadata.resourceVersion);
  const restFrom = await engine.usage();
  await pause(3000);
  const rest = await engine.usage();
  const written = kustomizations.list().filter(({ metadata }, index) => metadata.resourceVersion !== writesBefore[index]).length;

  const flux = layers === 1 && count === 40 ? undefined : FLUX[count];
  const ratio = (name, value) => (flux === undefined ? '' : `  (Flux 2.9: ${flux[name]} s, ${(flux[name] / value).toFixed(1)}x)`);
  const label = `controllers: ${count} Kustomizations${layers === 1 ? '' : ` in ${layers} layers`} on ${where}`;
  print(`${label}, first sync  ${first.toFixed(2)} s${ratio('first', first)}`);
  print(`${label}, commit changing all  ${changeAll.toFixed(2)} s${ratio('all', changeAll)}`);
  print(`${label}, commit changing one, its object changed  ${changed.toFixed(3)} s`);
  print(`${label}, commit changing one, all at its revision  ${settled.toFixed(2)} s${ratio('one', settled)}`);
  print(`${label}, CPU of the engine, the three  ${cpu.toFixed(2)} s${ratio('cpu', cpu)}`);
  print(`${label}, drift taken back, p95 of 20  ${drifts.sort((a, b) => a - b)[18].toFixed(3)} s  (limit: 1 s)`);
  print(`${label}, at rest  ${(((rest.cpu - restFrom.cpu) / 3) * 100).toFixed(2)} % of a core, ${written} statuses written`);
  print(`${label}, peak RSS of the engine  ${(rest.peak / 1024 ** 2).toFixed(0)} MiB`);
  deployments.stop();
  kustomizations.stop();
  await engine.stop();
  await cleanUp(cluster, count);
  await close();
  return first;
}

/** Whether it takes twice as long for twice as many: what one takes among many, against what it takes among few. */
export function printGrowth(print, what, seconds) {
  const [few, many] = [seconds[0], seconds.at(-1)];
  if (seconds.length < 2) return;
  const growth = many.seconds / many.count / (few.seconds / few.count);
  print(`${what}: time for one of ${many.count}, against one of ${few.count}  ${growth.toFixed(2)}  (linear: 1)`);
}

function imageOf(deployment) {
  return deployment?.spec.template.spec.containers[0].image ?? '';
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when the condition holds; asked whenever the informer hears of a change. */
export async function until(informer, holds) {
  let unsubscribe;
  await new Promise((resolve) => {
    let looking = false;
    const look = () => {
      if (looking) return;
      looking = true;
      // A burst of changes is looked at once.
      setTimeout(() => {
        looking = false;
        if (holds()) resolve();
      }, 5);
    };
    unsubscribe = informer.subscribe({ added: look, modified: look });
    look();
  });
  unsubscribe();
}

export async function parallel(items, work) {
  const left = [...items];
  const run = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, run));
}

/** What an earlier run left on a cluster that stays. */
async function forgetKind(cluster, kind) {
  for (const { metadata } of (await cluster.list({ ...kind, namespace: NAMESPACE })).items) {
    const key = { ...kind, namespace: NAMESPACE, name: metadata.name };
    await cluster.patch(key, 'merge', { metadata: { finalizers: null } });
    await cluster.delete(key);
  }
}

async function cleanUp(cluster, count) {
  if (process.env.KUBECONFIG_E2E === undefined) return;
  await forgetKind(cluster, KUSTOMIZATION);
  await forgetKind(cluster, GIT);
  const kinds = [
    DEPLOYMENT,
    { apiVersion: 'v1', kind: 'Service' },
    { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
    { apiVersion: 'v1', kind: 'ServiceAccount' },
  ];
  for (const kind of kinds) {
    await parallel(
      Array.from({ length: count }, (_, index) => index),
      (index) => cluster.delete({ ...kind, namespace: NAMESPACE, name: `app-${index}` }),
    );
  }
}

/** @param {{ quick?: boolean, print?: (line: string) => void, counts?: readonly number[] }} options */
export async function run({ quick = false, print = console.log, counts = [100, 300, 1000] } = {}) {
  if (quick) return void (await rig(print, 20));
  await rig(print, 40, { layers: 4 });
  const firsts = [];
  for (const count of counts) firsts.push({ count, seconds: await rig(print, count) });
  printGrowth(print, 'controllers: Kustomizations, first sync', firsts);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const counts = process.argv
    .slice(2)
    .map(Number)
    .filter((count) => count > 0);
  if (counts.length > 0) for (const count of counts) await rig(console.log, count, count === 40 ? { layers: 4 } : {});
  else await run({ quick: process.argv.includes('--quick') });
}
