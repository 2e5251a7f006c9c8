// kube: what a call costs the client over TLS, beside undici's fetch and node:https; how fast an informer takes events in.
// `node bench/kube.mjs [--quick]`
import { fork } from 'node:child_process';
import { Agent, request as httpsRequest } from 'node:https';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createCluster, createInformer, networkFetch } from '../packages/kube/dist/index.js';
import { certificateAuthority, serverCertificate, serverKey } from '../packages/kube/dist/testing/certificates.js';

// The client's own copy.
const { Agent: UndiciAgent, fetch: undiciFetch } = createRequire(new URL('../packages/kube/package.json', import.meta.url))('undici');

const SELF = fileURLToPath(import.meta.url);
const CONNECTIONS = 8;
const METADATA = { namespace: 'default', name: 'a', uid: 'u', resourceVersion: '7', labels: { app: 'a' } };
const OBJECT = { apiVersion: 'v1', kind: 'ConfigMap', metadata: METADATA, data: { key: 'x'.repeat(400) } };
const KEY = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'a' };
const PATH = '/api/v1/namespaces/default/configmaps/a';
const RESOURCES = { kind: 'APIResourceList', resources: [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs: [] }] };

/** Discovery and one object; what `createCluster` needs of an API. */
function answerTo(path) {
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') return { kind: 'APIGroupList', groups: [] };
  return path === '/api/v1' ? RESOURCES : OBJECT;
}

async function serve() {
  const { createServer } = await import('node:https');
  const texts = new Map();
  const server = createServer({ cert: serverCertificate, key: serverKey }, (request, response) => {
    const path = request.url.split('?', 1)[0];
    let text = texts.get(path);
    if (text === undefined) texts.set(path, (text = JSON.stringify(answerTo(path))));
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(text));
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
}

/** CPU of this process for each call, in microseconds, with so many under way at once. */
async function cpuPerCall(count, call) {
  await inParallel(1_000, call);
  const before = process.cpuUsage();
  await inParallel(count, call);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

async function inParallel(count, call) {
  let left = count;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (left-- > 0) await call();
    }),
  );
}

async function benchCalls(count, print) {
  const server = fork(SELF, ['--serve']);
  const port = await new Promise((resolve) => server.once('message', resolve));
  const url = `https://127.0.0.1:${port}`;
  const config = {
    context: '',
    server: url,
    namespace: 'default',
    insecureSkipTlsVerify: false,
    credentials: { type: 'token', token: 't' },
  };
  const fetch = networkFetch({ ...config, certificateAuthority: { pem: certificateAuthority } }, { connections: CONNECTIONS, env: {} });
  const cluster = createCluster(fetch);
  const dispatcher = new UndiciAgent({ connections: CONNECTIONS, connect: { ca: certificateAuthority } });
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca: certificateAuthority });
  try {
    const get = await cpuPerCall(count, () => cluster.get(KEY));
    const apply = await cpuPerCall(count, () => cluster.apply(OBJECT, { fieldManager: 'bench', force: true }));
    const viaFetch = await cpuPerCall(count, async () => (await undiciFetch(url + PATH, { dispatcher })).json());
    const viaHttps = await cpuPerCall(count, () => getByHttps(url + PATH, agent));
    const ratio = (peer) => (peer / get).toFixed(2);
    print(
      `get over TLS, client CPU  ${get.toFixed(0)} µs  (ratio to undici fetch ${viaFetch.toFixed(0)} µs: ${ratio(viaFetch)}; to node:https ${viaHttps.toFixed(0)} µs: ${ratio(viaHttps)})`,
    );
    print(`server-side apply over TLS, client CPU  ${apply.toFixed(0)} µs`);
  } finally {
    await Promise.all([fetch.close(), dispatcher.destroy()]);
    agent.destroy();
    server.kill();
  }
}

function getByHttps(url, agent) {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, { agent }, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (chunk) => (text += chunk))
        .on('end', () => resolve(JSON.parse(text)));
    });
    request.on('error', reject).end();
  });
}

/** A watch that sends events as fast as they are read, in chunks as a network would. */
async function benchInformer(count, print) {
  const lines = [];
  for (let index = 0; index < count; index++) {
    const metadata = { ...METADATA, name: `object-${index % 1000}`, resourceVersion: String(index + 10) };
    lines.push(`${JSON.stringify({ type: index < 1000 ? 'ADDED' : 'MODIFIED', object: { ...OBJECT, metadata } })}\n`);
  }
  const bytes = Buffer.from(lines.join(''));
  const end = {
    type: 'BOOKMARK',
    object: { ...OBJECT, metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } } },
  };
  async function* chunks(signal) {
    yield Buffer.from(`${JSON.stringify(end)}\n`);
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
  const fetch = async ({ path, signal }) => {
    const body = path.includes('watch=true') ? chunks(signal) : JSON.stringify(answerTo(path));
    return { status: 200, headers: {}, body };
  };
  const informer = createInformer(createCluster(fetch), { apiVersion: 'v1', kind: 'ConfigMap' });
  const start = performance.now();
  await new Promise((resolve) => {
    let seen = 0;
    const one = () => ++seen === count && resolve();
    informer.subscribe({ added: one, modified: one });
  });
  const seconds = (performance.now() - start) / 1000;
  informer.stop();
  print(
    `informer, events taken in  ${Math.round(count / seconds).toLocaleString('en')} per second  (${(bytes.length / 1e6 / seconds).toFixed(0)} MB/s)`,
  );
}

export async function run({ quick = false, print = console.log } = {}) {
  await benchCalls(quick ? 1_000 : 15_000, print);
  await benchInformer(quick ? 30_000 : 200_000, print);
}

if (process.argv[1] === SELF) {
  if (process.argv.includes('--serve')) await serve();
  else await run({ quick: process.argv.includes('--quick') });
}
