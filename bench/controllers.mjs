// Kustomizations over one Git monorepo, each a ServiceAccount, Service, Deployment (0 replicas) and Ingress, with `wait` and one
// substitution: `node bench/controllers.mjs [--quick]`. On the embedded cluster, or the one of KUBECONFIG_E2E. The peers'
// figures are those of Flux 2.9 on a real API server (two cores).
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crdOf, gitRepository, kustomization } from '../packages/api/dist/index.js';
import { startCluster } from '../packages/apiserver/dist/index.js';
import { startControllers } from '../packages/controllers/dist/index.js';
import { createCluster, loadKubeconfig, networkFetch } from '../packages/kube/dist/index.js';
import { silentLogger } from '../packages/runtime/dist/index.js';
import { createGitClient, openArtifactStore } from '../packages/sources/dist/index.js';

const NAMESPACE = 'bench';
const GIT = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository' };
const KUSTOMIZATION = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' };

/** Seconds that Flux 2.9 takes: first sync, all changed, one changed; and CPU seconds of the three. */
const FLUX = { 100: { first: 25.6, all: 41.8, one: 38, cpu: 69.5 }, 300: { first: 125, all: 178, one: 183, cpu: 517 } };

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

/** One cluster with the engine on it. */
async function startRig() {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-controllers-'));
  const real = process.env.KUBECONFIG_E2E;
  const embedded = real === undefined ? await startCluster({ ephemeral: true }) : undefined;
  const fetch = embedded?.fetch ?? networkFetch(await loadKubeconfig({ path: real }));
  const cluster = createCluster(fetch);
  const repository = join(directory, 'repository');
  mkdirSync(repository);
  const git = (...args) => execFileSync('git', args, { cwd: repository, stdio: 'pipe' });
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'bench');
  git('config', 'user.email', 'bench@example.com');
  return {
    cluster,
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
    start: () =>
      startControllers({
        cluster,
        git: createGitClient({ cacheDir: join(directory, 'git'), allowFile: true }),
        store: openArtifactStore({ dir: join(directory, 'store'), baseUrl: 'http://localhost' }),
        log: silentLogger,
        allowFile: true,
      }),
    close: async () => {
      await embedded?.stop();
      if (embedded === undefined) await fetch.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function rig(print, count) {
  const { cluster, where, url, commit, start, close } = await startRig();
  for (const definition of [gitRepository, kustomization]) {
    const crd = crdOf(definition);
    // The engine's own repositories may be files; what the API admits is for clusters.
    const text = JSON.stringify(crd).replaceAll('^(http|https|ssh)://', '^(http|https|ssh|file)://');
    await cluster.apply(JSON.parse(text), { fieldManager: 'bench', force: true });
  }
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }, { fieldManager: 'bench' });
  const all = (version) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`apps/app-${index}/app.yaml`, manifests(index, version)]));
  let hash = commit(all(1));
  const controllers = start();
  await controllers.whenReady();
  const cpuAtStart = process.cpuUsage();
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50);

  const applied = async (indexes) => {
    for (;;) {
      const { items } = await cluster.list({ ...KUSTOMIZATION, namespace: NAMESPACE });
      const done = items.filter(
        ({ status }) => status?.lastAppliedRevision === `main@sha1:${hash}` && status.conditions?.[0]?.status === 'True',
      );
      if (done.length >= indexes) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const timed = async (work) => {
    const started = performance.now();
    await work();
    await applied(count);
    return (performance.now() - started) / 1000;
  };
  const request = () =>
    cluster.patch({ ...GIT, namespace: NAMESPACE, name: 'repo' }, 'merge', {
      metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': String(performance.now()) } },
    });

  const first = await timed(async () => {
    await cluster.create({
      ...GIT,
      metadata: { name: 'repo', namespace: NAMESPACE },
      spec: { interval: '10m', url, ref: { branch: 'main' } },
    });
    for (let index = 0; index < count; index++) {
      await cluster.create({
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
        },
      });
    }
  });
  const changeAll = await timed(async () => {
    hash = commit(all(2));
    await request();
  });
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACE, name: 'app-0' };
  hash = commit({ 'apps/app-0/app.yaml': manifests(0, 3) });
  const started = performance.now();
  await request();
  while (!(await cluster.get(object)).spec.template.spec.containers[0].image.endsWith(':3'))
    await new Promise((resolve) => setTimeout(resolve, 2));
  const one = (performance.now() - started) / 1000;
  await applied(count);
  const oneSettled = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpuAtStart);
  const cpu = (user + system) / 1e6;

  const drifts = [];
  for (let turn = 0; turn < 10; turn++) {
    const at = performance.now();
    await cluster.patch({ ...object, name: `app-${turn % count}` }, 'merge', { spec: { replicas: 3 } }, { fieldManager: 'someone' });
    while ((await cluster.get({ ...object, name: `app-${turn % count}` })).spec.replicas !== 0)
      await new Promise((resolve) => setTimeout(resolve, 2));
    drifts.push((performance.now() - at) / 1000);
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const idleFrom = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const idle = process.cpuUsage(idleFrom);
  clearInterval(watch);

  const flux = FLUX[count];
  const ratio = (name, value) => (flux === undefined ? '' : `  (Flux 2.9: ${flux[name]} s, ${(flux[name] / value).toFixed(1)}x)`);
  const label = `controllers: ${count} Kustomizations on ${where}`;
  print(`${label}, first sync  ${first.toFixed(2)} s${ratio('first', first)}`);
  print(`${label}, commit changing all  ${changeAll.toFixed(2)} s${ratio('all', changeAll)}`);
  print(`${label}, commit changing one, its object changed  ${one.toFixed(3)} s`);
  print(`${label}, commit changing one, all at its revision  ${oneSettled.toFixed(2)} s${ratio('one', oneSettled)}`);
  print(`${label}, CPU of the three, cluster and client included  ${cpu.toFixed(2)} s${ratio('cpu', cpu)}`);
  print(`${label}, drift taken back, slowest of 10  ${Math.max(...drifts).toFixed(3)} s  (limit: 1 s)`);
  print(`${label}, idle  ${(((idle.user + idle.system) / 2e6) * 100).toFixed(2)} % of a core`);
  print(`${label}, peak RSS of the whole process  ${(peak / 1024 ** 2).toFixed(0)} MiB`);
  await controllers.stop(1000);
  await close();
}

export async function run({ quick = false, print = console.log } = {}) {
  await rig(print, quick ? 20 : 100);
  if (!quick) await rig(print, 300);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run({ quick: process.argv.includes('--quick') });
