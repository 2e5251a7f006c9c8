// sources: polls and fetches of Git repositories. `node bench/sources.mjs [--quick]`
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createGitClient, openArtifactStore } from '../packages/sources/dist/index.js';

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

export async function run({ quick = false, print = console.log } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-sources-'));
  try {
    await poll(print, directory, quick ? 100 : 1000, quick ? 5 : 50);
    await monorepo(print, directory, quick ? 1000 : 20_000);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run({ quick: process.argv.includes('--quick') });
