import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errorMessage } from '@sluice/core';
import { leadControllers, startControllers, tracingFromEnvironment, type Controllers } from '@sluice/controllers';
import { createCluster, type Cluster, type Fetch, type NetworkFetch } from '@sluice/kube';
import { createClientMetrics, createLogger, createProbes, createRegistry, type Logger, type MetricsRegistry } from '@sluice/runtime';
import { artifactHandler, createGitClient, openArtifactStore } from '@sluice/sources';
import type { Invocation } from '../command-line/index.js';
import { openNetwork, selectedNamespace } from '../connection.js';
import { consoleLine } from '../engine/console-log.js';
import { openDoors, type Door } from '../engine/listeners.js';
import { engineSettings, eventsListenAddress, type EngineSettings } from '../engine/settings.js';
import { untilServed } from '../engine/until-served.js';
import { expectLongRun } from '../long-run.js';
import { aborted } from '../up/aborted.js';

/** `controller [name]`: the engine in a cluster, all of it in this process or what one of Flux's controllers does. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal, signal } = invocation;
  if (args.length > 1) throw new Error(`one controller at most can be named, not ${args.join(' ')}; for several use --components`);
  const namespace = terminal.environment['RUNTIME_NAMESPACE'] ?? selectedNamespace(flags);
  const settings = engineSettings(args[0], flags, namespace);
  const log = createLogger({
    level: settings.logLevel,
    write: (line) => terminal.out(`${settings.logEncoding === 'console' ? consoleLine(line) : line}\n`),
  });
  for (const remark of settings.remarks) log.info(remark);
  expectLongRun();
  const fetch = await openNetwork(invocation);
  try {
    await work(settings, namespace, fetch, invocation, log);
  } finally {
    await fetch.close();
  }
  if (!signal.aborted) throw new Error('leadership was lost; another process goes on');
  log.info('stopped');
}

async function work(settings: EngineSettings, namespace: string, fetch: NetworkFetch, invocation: Invocation, log: Logger): Promise<void> {
  const { flags, signal } = invocation;
  const directory = flags.string('storage-path');
  await mkdir(join(directory, 'git'), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new Error(`--storage-path=${directory} can't be written: ${errorMessage(error)}`, { cause: error });
  });
  const advertised =
    flags.string('storage-adv-addr') === '' ? localAddress(flags.string('storage-addr')) : flags.string('storage-adv-addr');
  const store = openArtifactStore({
    dir: join(directory, 'artifacts'),
    baseUrl: `http://${advertised.replace(/^https?:\/\//, '')}`,
    retentionMs: flags.number('artifact-retention-ttl'),
    retentionRecords: flags.number('artifact-retention-records'),
  });
  const git = createGitClient({ cacheDir: join(directory, 'git') });
  let controllers: Controllers | undefined;
  const metrics = createRegistry();
  const counted = createClientMetrics(metrics).counted(fetch, apiHost(invocation));
  const tracing = tracingFromEnvironment(invocation.terminal.environment);
  const start = (cluster: Cluster): Controllers => {
    log.info('starting the controllers', { controllers: settings.controllers });
    controllers = startControllers({
      ...settings.options,
      controllers: settings.controllers,
      cluster,
      git,
      store,
      log,
      metrics,
      ...(tracing === undefined ? {} : { tracing }),
    });
    return controllers;
  };
  const doors = await openDoors(doorsOf(settings, invocation, () => controllers, metrics, artifactHandler(store)));
  try {
    await untilServed(createCluster(counted), settings.controllers, log, signal);
    if (signal.aborted) return;
    if (flags.bool('enable-leader-election')) await lead(settings, namespace, counted, invocation, start, log);
    else {
      const started = start(createCluster(counted));
      await aborted(signal);
      await started.stop(settings.graceMs);
    }
  } finally {
    await doors.close();
    await git.close();
  }
}

/** The API in the metrics: as client-go names it in a cluster. */
function apiHost({ terminal: { environment } }: Invocation): string {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  return host === undefined ? 'kubernetes' : `${host}:${port ?? '443'}`;
}

/** Works while this process leads. Returns when it is told to end, or has lost the lead. */
async function lead(
  settings: EngineSettings,
  namespace: string,
  fetch: Fetch,
  { flags, signal }: Invocation,
  start: (cluster: Cluster) => Controllers,
  log: Logger,
): Promise<void> {
  const leadership = leadControllers(fetch, {
    election: {
      namespace,
      name: `${settings.name}-leader-election`,
      identity: `${hostname()}_${crypto.randomUUID()}`,
      leaseDurationMs: flags.number('leader-election-lease-duration'),
      renewDeadlineMs: flags.number('leader-election-renew-deadline'),
      retryPeriodMs: flags.number('leader-election-retry-period'),
      releaseOnStop: flags.bool('leader-election-release-on-cancel'),
      onLeader: (identity) => log.info('a leader is elected', { identity }),
      onError: (error) => log.debug('the election could not reach the API', { error: errorMessage(error) }),
    },
    start,
  });
  leadership.leading.catch(() => undefined);
  await Promise.race([aborted(signal), leadership.ended]);
  await leadership.stop(settings.graceMs);
}

function doorsOf(
  settings: EngineSettings,
  { flags }: Invocation,
  running: () => Controllers | undefined,
  metrics: MetricsRegistry,
  artifacts: Fetch,
): readonly Door[] {
  // Who waits for the lead is up as well: a scrape that fails would be an alert.
  const waiting = createProbes({ registry: metrics, notReady: () => 'waiting for the lead' });
  const isServed = (name: (typeof settings.controllers)[number]): boolean => settings.controllers.includes(name);
  const taken: Door[] = [
    { flag: 'health-addr', address: flags.string('health-addr'), fetch: probes(settings, running) },
    { flag: 'metrics-addr', address: flags.string('metrics-addr'), fetch: (request) => (running()?.probes ?? waiting)(request) },
  ];
  if (isServed('source-controller')) taken.push({ flag: 'storage-addr', address: flags.string('storage-addr'), fetch: artifacts });
  if (isServed('notification-controller')) {
    taken.push(
      {
        flag: 'events-addr',
        address: eventsListenAddress(settings, flags),
        fetch: (request) => running()?.eventHandler(request) ?? unavailable(),
      },
      {
        flag: 'receiverAddr',
        address: flags.string('receiverAddr'),
        fetch: (request) => running()?.webhookHandler(request) ?? unavailable(),
      },
    );
  }
  return taken;
}

/** A process that waits for its turn is well; it is ready, too, unless others would look for something here. */
function probes({ controllers }: EngineSettings, running: () => Controllers | undefined): Fetch {
  const isAsked = controllers.some((name) => name === 'source-controller' || name === 'notification-controller');
  return (request) => {
    const started = running();
    if (started !== undefined) return started.probes(request);
    const isReady = request.path.startsWith('/healthz') || !isAsked;
    return Promise.resolve({ status: isReady ? 200 : 503, headers: {}, body: isReady ? 'ok' : 'waiting for the lead\n' });
  };
}

function unavailable(): ReturnType<Fetch> {
  return Promise.resolve({ status: 503, headers: {}, body: 'waiting for the lead\n' });
}

function localAddress(address: string): string {
  return address.startsWith(':') ? `${hostname()}${address}` : address;
}
