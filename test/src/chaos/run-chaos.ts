import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leadControllers, startControllers, type Leadership } from '@sluice/controllers';
import { configMap, startWorld, type World } from '@sluice/controllers/testing';
import { gitApplication } from '../git-application.js';
import { createGitClient, openArtifactStore } from '@sluice/sources';
import { silentLogger } from '@sluice/runtime';
import { createFaults, faultNames, type Faults } from './faults.js';

export interface ChaosOptions {
  readonly durationMs: number;
  readonly applications: number;
  /** The same seed makes the same choices. */
  readonly seed: number;
  readonly say?: (line: string) => void;
  /** How long peace may take. */
  readonly peaceMs?: number;
}

export interface ChaosReport {
  readonly commits: number;
  readonly faults: number;
  readonly kills: number;
  readonly peaceMs: number;
  /** MiB of the heap that is in use, after the first calm and after the last. */
  readonly heapMiB: readonly [before: number, after: number];
}

type Application = Awaited<ReturnType<typeof gitApplication>>;

/** What a repository holds, and so the cluster must. */
interface Followed {
  readonly application: Application;
  readonly wanted: Map<string, string>;
  head: string;
  /** Of an object that is in every commit: it may never be deleted, not even to be made anew. */
  keeperUid: string | undefined;
}

const LEASE = { namespace: 'default', name: 'chaos-leader-election' };

/**
 * A busy set of applications, two processes that want to lead, and trouble at random: what can fail fails, processes are
 * killed, commits go on. Afterwards the cluster has to equal Git, and nothing may have been deleted that Git holds.
 */
export async function runChaos({ durationMs, applications, seed, say = () => {}, peaceMs = 60_000 }: ChaosOptions): Promise<ChaosReport> {
  const random = randomOf(seed);
  const world = await startWorld();
  const directory = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
  const faults = createFaults(world, random);
  const processes = ['one', 'two'].map((name) => startProcess(world, faults, join(directory, name), name));
  try {
    const followed = await Promise.all(Array.from({ length: applications }, () => follow(world)));
    await peace(world, followed, peaceMs);
    for (const each of followed) each.keeperUid = (await each.application.get('ConfigMap', 'keeper'))?.metadata.uid;
    const before = heapMiB();
    const [report, end] = [{ commits: 0, faults: 0, kills: 0 }, Date.now() + durationMs];
    while (Date.now() < end) {
      const fault = faultNames[Math.floor(random() * faultNames.length)]!;
      if (faults.active.delete(fault)) say(`over: ${fault}`);
      else {
        faults.active.add(fault);
        report.faults++;
        say(`now: ${fault}`);
      }
      if (random() < 0.15) {
        const which = Math.floor(random() * processes.length);
        say(`process ${which + 1} is killed`);
        processes[which]!.kill();
        processes[which] = startProcess(world, faults, join(directory, `again-${report.kills}`), `again-${report.kills}`);
        report.kills++;
      }
      for (let commit = 0; commit < 3; commit++) {
        await change(followed[Math.floor(random() * followed.length)]!, random);
        report.commits++;
      }
      await sleep(200 + random() * 1_500);
    }
    faults.active.clear();
    say('peace');
    const calm = Date.now();
    await peace(world, followed, peaceMs);
    const took = Date.now() - calm;
    for (const { application, keeperUid } of followed)
      assert.equal(
        (await application.get('ConfigMap', 'keeper'))?.metadata.uid,
        keeperUid,
        `${application.namespace}: what Git holds was deleted`,
      );
    return { ...report, peaceMs: took, heapMiB: [before, heapMiB()] };
  } finally {
    faults.end();
    for (const each of processes) await each.stop();
    await world.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** An application with a file that stays for ever, beside a ConfigMap that Git knows nothing of. */
async function follow(world: World): Promise<Followed> {
  const wanted = new Map([
    ['keeper', '"0"'],
    ['a', '"0"'],
  ]);
  const files = Object.fromEntries([...wanted].map(([name, value]) => [`${name}.yaml`, configMap(name, value)]));
  const application = await gitApplication(world, files, { app: { path: './', interval: '20s' } });
  await world.cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'not-ours', namespace: application.namespace } });
  const { namespace } = application;
  const source = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace, name: 'repo' };
  // Short, so that silent watches and lost requests are made up for within the time of a test.
  await world.cluster.patch(source, 'merge', { spec: { interval: '5s', timeout: '10s' } });
  return { application, wanted, head: '', keeperUid: undefined };
}

/** A commit that changes, adds or removes a file, or a hand that changes what is in the cluster. */
async function change(followed: Followed, random: () => number): Promise<void> {
  const { application, wanted } = followed;
  const name = `c${Math.floor(random() * 8)}`;
  if (random() < 0.3 && wanted.has(name)) {
    wanted.delete(name);
    followed.head = await application.push({ remove: [`${name}.yaml`] });
    return;
  }
  const value = `"${Math.floor(random() * 1e6)}"`;
  wanted.set(name, value);
  followed.head = await application.push({ files: { [`${name}.yaml`]: configMap(name, value) } });
}

/** Waits until each namespace holds what its repository holds, and nothing else of it. */
async function peace(world: World, followed: readonly Followed[], withinMs: number): Promise<void> {
  for (const { application, wanted, head } of followed) {
    const { namespace } = application;
    const expected = printed([...wanted].map(([name, value]) => [name, JSON.parse(value) as string]));
    let found = '';
    await world
      .eventually(
        namespace,
        async () => {
          const { items } = await world.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace });
          const names = items.map(({ metadata }) => metadata.name);
          assert.ok(names.includes('not-ours'), `${namespace}: what is nobody's was deleted`);
          const data = items
            .filter(({ metadata }) => metadata.name !== 'not-ours')
            .map(({ metadata, data }) => [metadata.name ?? '', (data as { v?: string } | undefined)?.v ?? '']);
          found = printed(data);
          const { status } = await application.kustomization();
          return found === expected && (head === '' || status?.lastAppliedRevision === `main@sha1:${head}`);
        },
        withinMs,
      )
      .catch(async (error: unknown) => {
        const { status } = await application.kustomization();
        assert.fail(`${String(error)}\nGit ${head}: ${expected}\ncluster: ${found}\n${JSON.stringify(status, undefined, 1)}`);
      });
  }
}

function printed(data: string[][]): string {
  return JSON.stringify(data.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
}

/** Controllers that work while they lead, as one of several processes. */
function startProcess(world: World, faults: Faults, directory: string, identity: string) {
  let isDead = false;
  const api = faults.fetch(world.embedded.fetch);
  const stopped = new AbortController();
  let current: Leadership | undefined;
  const run = async (): Promise<void> => {
    // Who loses leadership starts anew.
    for (let attempt = 0; !stopped.signal.aborted; attempt++) {
      current = leadControllers((request) => (isDead ? Promise.reject(new Error('killed')) : api(request)), {
        election: { ...LEASE, identity: `${identity}-${attempt}`, leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 200 },
        start: (cluster) =>
          startControllers({
            cluster,
            git: createGitClient({ cacheDir: join(directory, 'git') }),
            store: faults.store(openArtifactStore({ dir: join(directory, 'store'), baseUrl: 'http://localhost' })),
            log: silentLogger,
            clock: faults.clock,
            backoff: { firstMs: 200, longestMs: 5_000 },
          }),
      });
      current.leading.catch(() => undefined);
      await current.ended;
    }
  };
  const running = run();
  const stop = async (): Promise<void> => {
    stopped.abort();
    await current?.stop(0);
    await running;
  };
  return {
    /** From now on nothing that it does reaches anybody. */
    kill(): void {
      isDead = true;
      void stop();
    },
    stop,
  };
}

function heapMiB(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 1024 ** 2;
}

/** Numbers in [0, 1) that are the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
