// From a push to the cluster by a webhook, a flood of events, and what a scrape of the metrics costs.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { startWorld } from '../packages/controllers/dist/testing/world.js';
import { createResourceMetrics } from '../packages/controllers/dist/observe/resource-metrics.js';
import { createControllerMetrics, createEventBus, createProbes, createRegistry, systemClock } from '../packages/runtime/dist/index.js';

const NAMESPACE = 'apps';

export async function run({ quick, print }) {
  await scrape({ objects: 1_000, rounds: quick ? 3 : 50, print });
  await withWorld(async (world, controllers) => {
    await pushes({ world, controllers, rounds: quick ? 2 : 20, print });
    await flood({ world, controllers, seconds: quick ? 0.5 : 10, print });
  });
}

async function withWorld(work) {
  const world = await startWorld();
  try {
    const controllers = await world.startControllers();
    await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    await work(world, controllers);
  } finally {
    await world.close();
  }
}

/** Names and values of a Kustomization, as a cluster has them. */
function kustomization(index) {
  const name = `tenant-${index}-app`;
  const revision = `main@sha1:${String(index).padStart(40, '0')}`;
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: `tenant-${index % 50}` },
    spec: { sourceRef: { kind: 'GitRepository', name: 'tenants' }, suspend: false },
    status: {
      lastAppliedRevision: revision,
      inventory: { entries: [{ id: `${name}__ConfigMap`, v: 'v1' }] },
      conditions: [{ type: 'Ready', status: 'True', reason: 'ReconciliationSucceeded', message: `Applied revision: ${revision}` }],
    },
  };
}

async function scrape({ objects, rounds, print }) {
  const registry = createRegistry();
  const all = Array.from({ length: objects }, (_, index) => kustomization(index));
  const resources = createResourceMetrics(registry, createEventBus(systemClock));
  resources.follow('Kustomization', { subscribe: (handlers) => all.forEach((object) => handlers.added(object)) });
  const reports = createControllerMetrics(registry).forController('kustomization', 16);
  const pass = (object) => {
    const endedAt = Date.now();
    reports.reconciled(object, { id: randomUUID(), startedAt: endedAt - 300, endedAt, next: { type: 'after', delayMs: 600_000 } });
    reports.observe(object, object.status.conditions);
  };
  all.forEach(pass);
  const scraped = createProbes({ registry, notReady: () => undefined });
  const times = [];
  const used = [];
  const holds = [];
  let size = 0;
  for (let round = 0; round < rounds; round++) {
    // A tenth of them has been worked on since the last one.
    all.slice(0, objects / 10).forEach(pass);
    const hold = watchHold();
    const started = performance.now();
    const cpu = process.cpuUsage();
    size = 0;
    for await (const bytes of (await scraped({ method: 'GET', path: '/metrics', headers: { accept: 'application/openmetrics-text' } }))
      .body)
      size += bytes.length;
    const { user, system } = process.cpuUsage(cpu);
    used.push((user + system) / 1000);
    times.push(performance.now() - started);
    holds.push(hold.stop());
    await new Promise((resolve) => setImmediate(resolve));
  }
  print(`metrics: a scrape of ${objects} objects, median  ${median(times).toFixed(1)} ms  (${(size / 1024).toFixed(0)} KiB)`);
  print(`metrics: CPU of a scrape of ${objects} objects, median  ${median(used).toFixed(1)} ms`);
  print(`metrics: a scrape of ${objects} objects, longest  ${Math.max(...times).toFixed(1)} ms`);
  print(
    `metrics: a scrape of ${objects} objects holds the event loop  ${median(holds).toFixed(1)} ms  (longest of ${rounds}: ${Math.max(...holds).toFixed(1)} ms)`,
  );
}

/**
 * The longest time between two turns of the event loop. Counted is the CPU that this process used meanwhile, if that is
 * less: on a busy machine the others' turns would be the figure.
 */
function watchHold() {
  let longest = 0;
  let ticking = true;
  let lastTime = performance.now();
  let lastCpu = process.cpuUsage();
  const look = () => {
    const { user, system } = process.cpuUsage(lastCpu);
    longest = Math.max(longest, Math.min(performance.now() - lastTime, (user + system) / 1000));
    lastTime = performance.now();
    lastCpu = process.cpuUsage();
  };
  const tick = () => {
    look();
    if (ticking) setImmediate(tick);
  };
  setImmediate(tick);
  return {
    stop() {
      look();
      ticking = false;
      return longest;
    },
  };
}

const files = (value) => ({
  'cm.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm, namespace: ${NAMESPACE}}\ndata: {v: "${value}"}\n`,
});

const metadata = (name) => ({ name, namespace: NAMESPACE });

async function pushes({ world, controllers, rounds, print }) {
  const { cluster, git } = world;
  git.commit('repo', { files: files('start') });
  await cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata: metadata('token'), stringData: { token: 'abc' } });
  await cluster.create({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: metadata('repo'),
    spec: { interval: '1h', url: git.urlOf('repo'), ref: { branch: 'main' } },
  });
  await cluster.create({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: metadata('app'),
    spec: { interval: '1h', prune: true, path: './', sourceRef: { kind: 'GitRepository', name: 'repo' } },
  });
  const receiver = { apiVersion: 'notification.toolkit.fluxcd.io/v1', kind: 'Receiver', ...metadata('hook') };
  await cluster.create({
    apiVersion: receiver.apiVersion,
    kind: receiver.kind,
    metadata: metadata('hook'),
    spec: { type: 'generic', secretRef: { name: 'token' }, resources: [{ kind: 'GitRepository', name: 'repo' }] },
  });
  const path = await world.eventually('the receiver has a path', async () => (await cluster.get(receiver))?.status?.webhookPath);
  const synced = (value) =>
    world.eventually(`${value} is synced`, async () => {
      const object = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', ...metadata('cm') });
      return object?.data?.v === value;
    });
  await synced('start');
  const times = [];
  for (let round = 0; round < rounds; round++) {
    git.commit('repo', { files: files(`v${round}`) });
    const started = performance.now();
    const { status } = await controllers.webhookHandler({ method: 'POST', path, headers: {}, body: '{}' });
    if (status !== 200) throw new Error(`the webhook was answered with ${status}`);
    await synced(`v${round}`);
    times.push(performance.now() - started);
  }
  print(`webhook to synced, median  ${median(times).toFixed(0)} ms`);
  print(`webhook to synced, longest of ${rounds}  ${Math.max(...times).toFixed(0)} ms`);
}

const EVENTS_A_SECOND = 10_000;
/** So many come at once at most: the one who sends is in this process, too. */
const MAX_SLICE = 20;

/** Two Providers: one takes what it is sent, one never answers. */
async function flood({ world, controllers, seconds, print }) {
  let taken = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/dead') return;
    taken++;
    response.end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  for (const name of ['live', 'dead']) {
    const metadata = { name, namespace: NAMESPACE };
    const apiVersion = 'notification.toolkit.fluxcd.io/v1beta3';
    await world.cluster.create({
      apiVersion,
      kind: 'Provider',
      metadata,
      spec: { type: 'generic', address: `${address}/${name}`, timeout: '5s' },
    });
    await world.cluster.create({
      apiVersion,
      kind: 'Alert',
      metadata,
      spec: { providerRef: { name }, eventSources: [{ kind: 'Kustomization', name: '*' }] },
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let peak = before;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const countedBefore = await eventsCounted(controllers);
  const cpu = process.cpuUsage();
  const started = performance.now();
  let sent = 0;
  const answers = new Map();
  while (sent < EVENTS_A_SECOND * seconds) {
    const due = Math.min(EVENTS_A_SECOND * seconds, Math.ceil(((performance.now() - started) / 1000) * EVENTS_A_SECOND), sent + MAX_SLICE);
    const slice = [];
    for (; sent < due; sent++) slice.push(controllers.eventHandler(eventRequest(sent)));
    for (const { status } of await Promise.all(slice)) answers.set(status, (answers.get(status) ?? 0) + 1);
    // Not each time: to ask for it takes as long as a slice.
    if (sent % 2_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
    // Behind: others have their turn, and no more.
    await new Promise((resolve) => (slice.length === MAX_SLICE ? setImmediate(resolve) : setTimeout(resolve, 5)));
  }
  const took = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  const counted = (await eventsCounted(controllers)) - countedBefore;
  print(
    `events taken a second  ${(sent / took).toFixed(0)} 1/s  (${seconds} s, answered ${[...answers].map(([status, count]) => `${status}: ${count}`).join(', ')})`,
  );
  print(`CPU of an event, with who sends it  ${((user + system) / sent).toFixed(0)} µs`);
  print(`events counted  ${((100 * counted) / sent).toFixed(1)} %`);
  print(`memory that a flood of ${sent} events takes, at its peak  ${((peak - before) / 1024 ** 2).toFixed(0)} MiB`);
  print(`event loop under the flood, 99th percentile  ${(delay.percentile(99) / 1e6).toFixed(1)} ms`);
  print(`notifications that the live provider has taken meanwhile  ${taken}`);
  server.closeAllConnections();
  server.close();
}

/** Whatever became of them. */
async function eventsCounted({ metrics }) {
  const counts = (await metrics.render()).matchAll(/^gotk_notification_events_total\{.*\} (\d+)$/gm);
  return [...counts].reduce((total, [, count]) => total + Number(count), 0);
}

function eventRequest(index) {
  const event = {
    involvedObject: {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      name: `app-${index % 500}`,
      namespace: NAMESPACE,
    },
    severity: 'info',
    timestamp: '2026-01-01T00:00:00Z',
    message: `event ${index}`,
    reason: 'ReconciliationSucceeded',
    metadata: { 'kustomize.toolkit.fluxcd.io/revision': `main@sha1:${String(index).padStart(40, '0')}` },
    reportingController: 'kustomize-controller',
  };
  return { method: 'POST', path: '/', headers: {}, body: JSON.stringify(event) };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await run({ quick: process.argv.includes('--quick'), print: console.log });
