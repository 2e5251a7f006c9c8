// The embedded API server over TLS, durable writes on, sixteen connections; beside a real kube-apiserver and etcd when
// PEERS names their binaries: `PEERS=… node bench/apiserver.mjs`. CPU is that of the server's processes alone.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const CONNECTIONS = 16;
const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;

/** @param {{ quick?: boolean, print?: (line: string) => void }} options */
export async function run({ quick = false, print = console.log } = {}) {
  const sizes = quick
    ? { requests: 200, warmUp: 50, list: 500, watchers: 20, changes: 20 }
    : { requests: 2000, warmUp: 1000, list: 5000, watchers: 100, changes: 200 };
  const ours = await measure(await startOurs(), sizes);
  const real = quick || !process.env.PEERS ? undefined : await measure(await startReal(process.env.PEERS), sizes);
  for (const [name, figure] of Object.entries(ours)) {
    const peer = real?.[name];
    const ratio =
      peer === undefined ? '' : `  (ratio to kube-apiserver+etcd: ${(figure.value / peer.value).toFixed(2)}, there ${show(peer.value)})`;
    print(`apiserver ${name}  ${show(figure.value)} ${figure.unit}${ratio}`);
  }
}

const show = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** The command as people run it, from its bundle when that was built: `npm run build`. */
async function startOurs() {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const args = ['cluster', 'start', '--foreground', '--no-simulate', '--port', '0', '--directory', directory];
  const start = async () => {
    const started = performance.now();
    const child = spawn(process.execPath, [join(root, 'packages/cli/bin/sluice.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    await new Promise((resolve, reject) => {
      let said = '';
      const listen = (chunk) => {
        said += chunk;
        if (said.includes('cluster runs at')) resolve();
      };
      child.stdout.on('data', listen);
      child.stderr.on('data', listen);
      child.once('exit', () => reject(new Error(said)));
    });
    const sinceBirth = performance.now() - started;
    const kubeconfig = readFileSync(join(directory, 'kubeconfig'), 'utf8');
    const field = (name) => new RegExp(`${name}: "?([^\\s"]+)`).exec(kubeconfig)[1];
    return { child, url: field('server'), token: field('token'), sinceBirth };
  };
  let current = await start();
  return {
    get url() {
      return current.url;
    },
    get token() {
      return current.token;
    },
    pids: () => [current.child.pid],
    startMs: () => current.sinceBirth,
    async restart() {
      current.child.kill('SIGKILL');
      await new Promise((resolve) => current.child.once('exit', resolve));
      current = await start();
    },
    async stop() {
      current.child.kill('SIGTERM');
      await new Promise((resolve) => current.child.once('exit', resolve));
      rmSync(directory, { recursive: true });
    },
  };
}

/** The control plane of a peers folder: etcd as it comes, the API server with a token. */
async function startReal(peers) {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-real-'));
  const port = 26443;
  const etcdPort = 22379;
  spawnSync('openssl', ['genrsa', '-out', join(directory, 'sa.key'), '2048']);
  writeFileSync(join(directory, 'tokens.csv'), 'benchtoken,admin,admin,system:masters\n');
  const quiet = { cwd: directory, stdio: 'ignore' };
  const etcd = spawn(
    join(peers, 'etcd'),
    [
      '--data-dir',
      'etcd',
      '--listen-client-urls',
      `http://127.0.0.1:${etcdPort}`,
      '--advertise-client-urls',
      `http://127.0.0.1:${etcdPort}`,
      '--listen-peer-urls',
      `http://127.0.0.1:${etcdPort + 1}`,
    ],
    quiet,
  );
  const api = spawn(
    join(peers, 'kube-apiserver'),
    [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      '--cert-dir=certs',
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      '--service-account-key-file=sa.key',
      '--service-account-signing-key-file=sa.key',
      '--token-auth-file=tokens.csv',
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--endpoint-reconciler-type=none',
    ],
    quiet,
  );
  const server = {
    url: `https://127.0.0.1:${port}`,
    token: 'benchtoken',
    pids: () => [api.pid, etcd.pid],
    startMs: () => undefined,
    restart: undefined,
    async stop() {
      for (const child of [api, etcd]) {
        child.kill('SIGKILL');
        await new Promise((resolve) => child.once('exit', resolve));
      }
      rmSync(directory, { recursive: true });
    },
  };
  const client = createClient(server);
  for (let i = 0; i < 240; i++) {
    const ready = await client('GET', '/readyz').catch(() => undefined);
    if (ready?.status === 200) return server;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('the real API server did not become ready');
}

function createClient(server) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, rejectUnauthorized: false });
  return (method, path, body, contentType = 'application/json') =>
    new Promise((resolve, reject) => {
      const data = body === undefined ? undefined : JSON.stringify(body);
      const call = request(
        new URL(path, server.url),
        {
          method,
          agent,
          headers: {
            authorization: `Bearer ${server.token}`,
            accept: 'application/json',
            ...(data === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(data) }),
          },
        },
        (response) => {
          let size = 0;
          response.on('data', (chunk) => (size += chunk.length));
          response.on('end', () => resolve({ status: response.statusCode, size }));
        },
      );
      call.on('error', reject);
      call.end(data);
    });
}

function cpuSeconds(server) {
  return server.pids().reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }, 0);
}

function residentMiB(server) {
  return server.pids().reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024, 0);
}

const configMap = (name, group, value) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { app: `a${group % 10}` } },
  data: { value, text: 'x'.repeat(100) },
});

const deployment = (name, image) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: name } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name: 'app',
            image,
            ports: [{ containerPort: 8080 }],
            env: [{ name: 'A', value: 'b' }],
            resources: { limits: { cpu: '100m', memory: '64Mi' } },
          },
        ],
      },
    },
  },
});

async function measure(server, { requests, warmUp, list, watchers, changes }) {
  const figures = {};
  const add = (name, value, unit) => (figures[name] = { value, unit });
  try {
    const call = createClient(server);
    if (server.startMs() !== undefined) {
      add('start to ready, empty, whole process', server.startMs(), 'ms');
      add('start to ready, empty, whole process: CPU', cpuSeconds(server) * 1000, 'ms');
    }
    add('idle memory', residentMiB(server), 'MiB');
    await call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } });
    const base = '/api/v1/namespaces/bench/configmaps';
    const deployments = '/apis/apps/v1/namespaces/bench/deployments';
    /** Every kind of request, about objects of its own; `few` Deployments take turns. */
    const roundsOf = (prefix, few) => {
      const object = (i) => `${base}/${prefix}${i}`;
      const applied = (i, image) =>
        call(
          'PATCH',
          `${deployments}/${prefix}${i % few}?fieldManager=bench&force=true`,
          deployment(`${prefix}${i % few}`, image),
          'application/apply-patch+yaml',
        );
      return {
        create: (i) => call('POST', base, configMap(`${prefix}${i}`, i, '1')),
        get: (i) => call('GET', object(i)),
        'merge patch': (i) => call('PATCH', object(i), { data: { value: '2' } }, 'application/merge-patch+json'),
        'apply, create': (i) => applied(i, 'app:1'),
        'apply, no change': (i) => applied(i, 'app:1'),
        'apply, change': (i) => applied(i, `app:${i + 2}`),
        delete: (i) => call('DELETE', object(i)),
      };
    };
    const few = Math.ceil(requests / 4);
    // What a server does for the first time is slow on both sides (connections, caches, code that is not compiled yet).
    for (const send of Object.values(roundsOf('warm', warmUp))) await parallel(warmUp, send);
    for (const [name, send] of Object.entries(roundsOf('c', few))) {
      const count = name === 'apply, create' ? few : requests;
      const cpu = cpuSeconds(server);
      const started = performance.now();
      await parallel(count, send);
      const seconds = (performance.now() - started) / 1000;
      add(`${name}: CPU per 1,000`, ((cpuSeconds(server) - cpu) * 1000) / count, 's');
      add(`${name}: rate`, count / seconds, 'per second');
    }
    await parallel(list, (i) => call('POST', base, configMap(`l${i}`, i, 'x'.repeat(1000))));
    const lists = [];
    for (let i = 0; i < 7; i++) {
      const started = performance.now();
      await call('GET', base);
      lists.push(performance.now() - started);
    }
    add(`list of ${list}`, lists.sort((a, b) => a - b)[3], 'ms');
    const { delays, cpuMs } = await watchDelays(server, call, watchers, changes);
    add(`create to watch event, ${watchers} watchers, p50`, delays[Math.floor(delays.length * 0.5)], 'ms');
    add(`create to watch event, ${watchers} watchers, p99`, delays[Math.floor(delays.length * 0.99)], 'ms');
    add(`create to watch event, ${watchers} watchers: CPU a change`, cpuMs, 'ms');
    await parallel(list, (i) => call('POST', base, configMap(`m${i}`, i, 'x'.repeat(1000))));
    add(`memory with ${list * 2} objects`, residentMiB(server), 'MiB');
    if (server.restart !== undefined) {
      await server.restart();
      add(`start to ready, ${list * 2} objects, whole process`, server.startMs(), 'ms');
      add(`memory after a start with ${list * 2} objects`, residentMiB(server), 'MiB');
    }
    return figures;
  } finally {
    await server.stop();
  }
}

async function parallel(count, send) {
  let next = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (next < count) {
        const { status } = await send(next++);
        if (status >= 300) throw new Error(`answered with ${status}`);
      }
    }),
  );
}

/** The time from sending a create to each watcher's event, all in one client; and the server's part of it in CPU time. */
async function watchDelays(server, call, watchers, changes) {
  const sent = new Map();
  const delays = [];
  const agent = new Agent({ keepAlive: false, maxSockets: watchers, rejectUnauthorized: false });
  const open = [];
  await Promise.all(
    Array.from(
      { length: watchers },
      () =>
        new Promise((resolve, reject) => {
          const url = new URL('/api/v1/namespaces/bench/secrets?watch=true&resourceVersion=0', server.url);
          const watch = request(
            url,
            { agent, headers: { authorization: `Bearer ${server.token}`, accept: 'application/json' } },
            (response) => {
              response.on('error', () => {});
              let rest = '';
              response.setEncoding('utf8');
              response.on('data', (chunk) => {
                const now = performance.now();
                const lines = (rest + chunk).split('\n');
                rest = lines.pop();
                for (const line of lines) {
                  const name = /"name":"(w\d+)"/.exec(line)?.[1];
                  if (name !== undefined) delays.push(now - sent.get(name));
                }
              });
              resolve();
            },
          );
          watch.on('error', reject);
          watch.end();
          open.push(watch);
        }),
    ),
  );
  // The first changes find code that is not compiled yet, on both sides.
  const warmUp = Math.ceil(changes / 4);
  let cpu = 0;
  for (let i = 0; i < warmUp + changes; i++) {
    if (i === warmUp) {
      delays.length = 0;
      cpu = cpuSeconds(server);
    }
    sent.set(`w${i}`, performance.now());
    await call('POST', '/api/v1/namespaces/bench/secrets', { apiVersion: 'v1', kind: 'Secret', metadata: { name: `w${i}` } });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  const cpuMs = ((cpuSeconds(server) - cpu) * 1000) / changes;
  for (const watch of open) {
    watch.on('error', () => {});
    watch.destroy();
  }
  return { delays: delays.sort((a, b) => a - b), cpuMs };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run({ quick: process.argv.includes('--quick') });
