// sources: polls and fetches of Git repositories. `node bench/sources.mjs [--quick]`
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:http';
import { createHash, randomBytes } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { createGitClient, createOciClient, openArtifactStore, parseHelmIndex, printHelmIndex } from '../packages/sources/dist/index.js';

const environment = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'bench',
  GIT_AUTHOR_EMAIL: 'bench@example.com',
  GIT_COMMITTER_NAME: 'bench',
  GIT_COMMITTER_EMAIL: 'bench@example.com',
};

function git(directory, ...args) {
  return execFileSync('git', args, { cwd: directory, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function makeRepository(directory, files) {
  mkdirSync(directory, { recursive: true });
  git(directory, 'init', '--quiet', '--initial-branch=main');
  commit(directory, files);
}

function commit(directory, files) {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '-m', 'bench');
}

/** CPU seconds of this process and of the children it has waited for. */
function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  const children = execFileSync('sh', ['-c', `cut -d' ' -f16,17 /proc/${process.pid}/stat`], { encoding: 'utf8' })
    .trim()
    .split(' ');
  return (user + system) / 1e6 + (Number(children[0]) + Number(children[1])) / 100;
}

async function poll(print, directory, objects, remotes) {
  const client = createGitClient({ cacheDir: join(directory, 'poll-cache'), allowFile: true });
  const urls = Array.from({ length: remotes }, (_, index) => join(directory, `remote-${index}`));
  for (const url of urls) makeRepository(url, { 'a.yaml': 'a: 1\n' });
  const requests = Array.from({ length: objects }, (_, index) => ({
    url: `file://${urls[index % remotes]}`,
    reference: { branch: 'main' },
    maxAgeMs: 10_000,
  }));
  const before = cpuSeconds();
  const started = performance.now();
  await Promise.all(requests.map((request) => client.resolve(request)));
  const seconds = (performance.now() - started) / 1000;
  print(
    `sources: no-change poll of ${objects} GitRepositories on ${remotes} remotes  ${(cpuSeconds() - before).toFixed(2)} CPU s, ${seconds.toFixed(2)} s  (limit: 10 CPU s)`,
  );
  print(`sources: ref listings of that round  ${client.listings}  (limit: ${remotes})`);
  await client.close();
}

/** How fast time runs for the controllers: a minute takes six seconds. */
const speed = 10;

/** The same by the controllers, with everything that they do in a round: each object looks once in its interval. */
async function round(print, directory, objects, remotes) {
  const { startCluster } = await import('../packages/apiserver/dist/index.js');
  const { crdOf, gitRepository } = await import('../packages/api/dist/index.js');
  const { createCluster } = await import('../packages/kube/dist/index.js');
  const { silentLogger, systemClock } = await import('../packages/runtime/dist/index.js');
  const { startControllers } = await import('../packages/controllers/dist/index.js');
  const embedded = await startCluster({ ephemeral: true, simulate: false });
  const cluster = createCluster(embedded.fetch);
  await cluster.apply(allowFiles(crdOf(gitRepository)), { fieldManager: 'bench', force: true });
  const git = createGitClient({ cacheDir: join(directory, 'round-cache'), allowFile: true });
  const store = openArtifactStore({ dir: join(directory, 'round-store'), baseUrl: 'http://localhost' });
  const start = Date.now();
  const clock = { now: () => start + (Date.now() - start) * speed, after: (ms, run) => systemClock.after(ms / speed, run) };
  const controllers = startControllers({ cluster, git, store, log: silentLogger, allowFile: true, clock });
  await controllers.whenReady();
  for (let index = 0; index < objects; index++) {
    await cluster.create({
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'GitRepository',
      metadata: { name: `repo-${index}`, namespace: 'default' },
      spec: { interval: '1m', url: `file://${join(directory, `remote-${index % remotes}`)}`, ref: { branch: 'main' } },
    });
  }
  const passes = async () =>
    Number(
      /_reconcile_total\{controller="gitrepository",result="requeue_after"\} (\d+)/.exec(await controllers.metrics.render())?.[1] ?? 0,
    );
  const wait = async (count) => {
    while ((await passes()) < count) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await wait(objects);
  // The first round begins at different times: the next is an even one.
  await new Promise((resolve) => setTimeout(resolve, 60_000 / speed));
  const [from, cpu, listings] = [await passes(), cpuSeconds(), git.listings];
  await wait(from + objects);
  print(
    `sources: a round of ${objects} GitRepositories on ${remotes} remotes, controllers and API server  ${(cpuSeconds() - cpu).toFixed(2)} CPU s  (limit: 10 CPU s)`,
  );
  print(`sources: ref listings of that round  ${git.listings - listings}  (limit: ${remotes})`);
  await controllers.stop();
  await git.close();
  await embedded.stop();
}

function allowFiles(definition) {
  return JSON.parse(JSON.stringify(definition).replaceAll('^(http|https|ssh)://', '^(http|https|ssh|file)://'));
}

const manifest = (index) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c${index}\ndata:\n${`  key: value-${index}\n`.repeat(20)}`;

async function monorepo(print, directory, count) {
  const repository = join(directory, 'monorepo');
  makeRepository(
    repository,
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`apps/app-${index % 500}/file-${index}.yaml`, manifest(index)])),
  );
  const client = createGitClient({ cacheDir: join(directory, 'cache'), allowFile: true });
  const store = openArtifactStore({ dir: join(directory, 'store'), baseUrl: 'http://localhost' });
  const request = { url: `file://${repository}`, reference: { branch: 'main' }, maxAgeMs: 0 };
  const round = async () => {
    const resolved = await client.resolve(request);
    return await client.checkout(request, resolved, async (checkout) => {
      const artifact = await store.put({ kind: 'GitRepository', namespace: 'default', name: 'monorepo' }, checkout.tree, {
        revision: checkout.revision,
        fileName: checkout.commit.hash,
      });
      return await store.tree(artifact.digest);
    });
  };
  const started = performance.now();
  await round();
  print(`sources: first fetch of ${count} files to artifact and tree  ${((performance.now() - started) / 1000).toFixed(2)} s`);
  for (let turn = 0; turn < 2; turn++) {
    commit(repository, { 'apps/app-0/file-0.yaml': manifest(`changed-${turn}`) });
    await round();
  }
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
  const times = [];
  for (let turn = 0; turn < 3; turn++) {
    commit(repository, { 'apps/app-0/file-0.yaml': manifest(`again-${turn}`) });
    const changed = performance.now();
    await round();
    times.push((performance.now() - changed) / 1000);
  }
  clearInterval(watch);
  const seconds = times.sort((a, b) => a - b)[1];
  print(`sources: one-file commit in a ${count}-file monorepo to artifact and tree  ${seconds.toFixed(2)} s  (limit: 2 s)`);
  const growth = (Math.max(peak, process.memoryUsage().rss) - before) / 1024 ** 2;
  print(`sources: memory growth of that  ${growth.toFixed(1)} MiB  (limit: 60 MiB)`);
  await client.close();
}

function chartVersion(chart, patch) {
  return `  - apiVersion: v2
    appVersion: 1.${patch}.0
    created: "2024-01-02T03:04:05.678901234Z"
    dependencies:
    - name: common
      repository: https://charts.example.com/common
      version: 1.x.x
    description: A chart that is made for a benchmark, number ${chart}
    digest: ${'0123456789abcdef'.repeat(4)}
    home: https://example.com/chart-${chart}
    keywords:
    - bench
    - chart
    maintainers:
    - email: ada@example.com
      name: Ada
    name: chart-${chart}
    urls:
    - https://charts.example.com/chart-${chart}-1.${patch}.0.tgz
    version: 1.${patch}.0
`;
}

/** An index of about that many megabytes, in the style of `helm repo index`. */
function makeIndex(megabytes) {
  const charts = Array.from(
    { length: Math.round(megabytes * 20) },
    (_, chart) => `  chart-${chart}:\n${Array.from({ length: 86 }, (_each, patch) => chartVersion(chart, patch)).join('')}`,
  );
  return Buffer.from(`apiVersion: v1\nentries:\n${charts.join('')}generated: "2024-01-02T03:04:05Z"\n`);
}

async function helmIndex(print, megabytes) {
  const bytes = makeIndex(megabytes);
  const before = process.memoryUsage().rss;
  const started = performance.now();
  const index = await parseHelmIndex(bytes);
  const parsed = performance.now();
  let size = 0;
  for (const piece of printHelmIndex(index)) size += piece.length;
  const name = `sources: an index.yaml of ${(bytes.length / 1e6).toFixed(1)} MB`;
  print(`${name}, read, checked and sorted  ${((parsed - started) / 1000).toFixed(2)} s  (limit for 20 MB: 2 s)`);
  print(`${name}, printed as JSON (${(size / 1e6).toFixed(1)} MB)  ${((performance.now() - parsed) / 1000).toFixed(2)} s`);
  print(`sources: memory growth of both  ${((process.memoryUsage().rss - before) / 1024 ** 2).toFixed(1)} MiB`);
}

/** Polls of a tag, and a blob, from a server on this machine that answers at once. */
async function oci(print, polls, megabytes) {
  const blob = randomBytes(megabytes * 1024 * 1024);
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
  const server = createServer((request, response) => {
    if (request.url.includes('/blobs/')) return response.end(blob);
    return response.writeHead(200, { 'docker-content-digest': digest }).end(request.method === 'HEAD' ? undefined : '{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createOciClient({ url: `oci://127.0.0.1:${server.address().port}/team/app` });
  try {
    await client.resolve({ tag: 'latest' });
    const before = cpuSeconds();
    const started = performance.now();
    for (let poll = 0; poll < polls; poll++) await client.resolve({ tag: 'latest' });
    const milliseconds = performance.now() - started;
    print(
      `sources: no-change poll of a tag of a registry  ${(milliseconds / polls).toFixed(2)} ms, ${(((cpuSeconds() - before) * 1000) / polls).toFixed(2)} CPU ms with the server`,
    );
    const pulled = performance.now();
    let size = 0;
    for await (const chunk of client.blob({ digest, size: blob.length })) size += chunk.length;
    print(`sources: a layer, digest checked  ${(size / 1e6 / ((performance.now() - pulled) / 1000)).toFixed(0)} MB/s`);
  } finally {
    await client.close();
    server.closeAllConnections();
    server.close();
  }
}

export async function run({ quick = false, print = console.log } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-sources-'));
  try {
    await poll(print, directory, quick ? 100 : 1000, quick ? 5 : 50);
    if (!quick) await round(print, directory, 1000, 50);
    await oci(print, quick ? 100 : 1000, quick ? 16 : 128);
    await helmIndex(print, quick ? 2 : 20);
    await monorepo(print, directory, quick ? 1000 : 20_000);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run({ quick: process.argv.includes('--quick') });
