import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorld, type World } from '@sluice/controllers/testing';
import { prepareOrigins, shapes, startApplication, type Application } from './applications.js';
import { createFaults, faultNames, type Faults } from './faults.js';
import { startProcess, type ChaosProcess } from './processes.js';

export interface ChaosOptions {
  readonly durationMs: number;
  /** So many rounds at least, however slow the machine is. */
  readonly rounds?: number;
  readonly applications: number;
  /** The same seed makes the same choices. */
  readonly seed: number;
  readonly say?: (line: string) => void;
  /** How long peace may take. */
  readonly peaceMs?: number;
}

export interface ChaosReport {
  /** Commits of Git and artifacts in the registry. */
  readonly commits: number;
  readonly faults: number;
  readonly kills: number;
  readonly pauses: number;
  readonly webhooks: number;
  /** Changes by hand of what Git holds. */
  readonly hands: number;
  /** Events that have come to those who want to be told. */
  readonly told: number;
  readonly peaceMs: number;
  /** MiB of the heap that is in use, after the first calm and after the last. */
  readonly heapMiB: readonly [before: number, after: number];
  /** MiB that the process has of the machine, at the same moments. */
  readonly residentMiB: readonly [before: number, after: number];
}

/** An application, and the object of it that is in every revision: it may never be deleted, not even to be made anew. */
interface Followed {
  readonly application: Application;
  readonly keeperUid: string | undefined;
}

/** Longer than a lease: another leads when it goes on. */
const PAUSE_MS = 5_000;

/**
 * A busy set of applications, two processes that want to lead, and trouble at random: what can fail fails, processes are
 * killed and stopped for a while, commits go on. Afterwards the cluster has to equal Git, and nothing may have been deleted that
 * Git holds.
 */
export async function runChaos({
  durationMs,
  rounds = 0,
  applications,
  seed,
  say = () => {},
  peaceMs = 60_000,
}: ChaosOptions): Promise<ChaosReport> {
  const random = randomOf(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const world = await startWorld();
  const directory = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
  const faults = await createFaults(world, random);
  const processes = ['one', 'two'].map((name) => startProcess(world, faults, join(directory, name), name));
  try {
    await prepareOrigins(world);
    const started: Application[] = [];
    // One after the other: commits and pushes hold up this process, which serves the others.
    for (let index = 0; index < applications; index++)
      started.push(await startApplication(world, shapes[index % shapes.length]!, `c${index}`, faults));
    await peace(world, started, peaceMs);
    const followed = await Promise.all(
      started.map(async (application): Promise<Followed> => ({ application, keeperUid: await keeperOf(world, application) })),
    );
    const before = memory(world);
    const report = { commits: 0, faults: 0, kills: 0, pauses: 0, webhooks: 0, hands: 0 };
    const end = Date.now() + durationMs;
    for (let round = 0; round < rounds || Date.now() < end; round++) {
      await sleep(200 + random() * 1_500);
      const fault = one(faultNames);
      if (faults.active.delete(fault)) say(`over: ${fault}`);
      else {
        faults.active.add(fault);
        report.faults++;
        say(`now: ${fault}`);
      }
      const which = Math.floor(random() * processes.length);
      const luck = random();
      if (luck < 0.15) {
        say(`process ${which + 1} is killed`);
        processes[which]!.kill();
        processes[which] = startProcess(world, faults, join(directory, `again-${report.kills}`), `again-${report.kills}`);
        report.kills++;
      } else if (luck < 0.3) {
        say(`process ${which + 1} is stopped for a while`);
        processes[which]!.pause(PAUSE_MS);
        report.pauses++;
      }
      for (let commit = 0; commit < 3; commit++) {
        const { application } = one(followed);
        await change(application, random);
        report.commits++;
        if (await announce(application, processes, faults)) report.webhooks++;
      }
      if (random() < 0.3 && (await meddle(world, one(followed).application, random))) report.hands++;
    }
    faults.active.clear();
    say('peace');
    const calm = Date.now();
    await peace(world, started, peaceMs);
    const took = Date.now() - calm;
    for (const { application, keeperUid } of followed)
      assert.equal(await keeperOf(world, application), keeperUid, `${application.namespace}: what Git holds was deleted`);
    const after = memory(world);
    return {
      ...report,
      told: faults.told(),
      peaceMs: took,
      heapMiB: [before.heapMiB, after.heapMiB],
      residentMiB: [before.residentMiB, after.residentMiB],
    };
  } finally {
    await faults.end();
    for (const each of processes) await each.stop();
    await world.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function keeperOf(world: World, { namespace }: Application): Promise<string | undefined> {
  return (await world.cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'keeper' }))?.metadata.uid;
}

/** A commit that changes, adds or removes an object. */
async function change(application: Application, random: () => number): Promise<void> {
  const { wanted } = application;
  const name = `c${Math.floor(random() * 8)}`;
  if (random() < 0.3 && wanted.has(name)) wanted.delete(name);
  else wanted.set(name, String(Math.floor(random() * 1e6)));
  await application.publish();
}

/** What the provider of Git does after a push, where somebody leads who can hear it. */
async function announce(application: Application, processes: readonly ChaosProcess[], { active }: Faults): Promise<boolean> {
  const path = await application.webhookPath();
  const controllers = processes.map((each) => each.controllers()).find((working) => working !== undefined);
  if (path === undefined || controllers === undefined || active.has('webhooks are lost')) return false;
  const answer = controllers.webhookHandler({ method: 'POST', path, headers: {}, body: '{}' });
  return await answer.then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Somebody changes by hand what Git holds. */
async function meddle({ cluster }: World, { namespace, wanted }: Application, random: () => number): Promise<boolean> {
  const names = [...wanted.keys()];
  const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: names[Math.floor(random() * names.length)]! };
  if ((await cluster.get(key)) === undefined) return false;
  await cluster.patch(key, 'merge', { data: { v: 'by hand' } }, { fieldManager: 'hand' }).catch(() => undefined);
  return true;
}

/** Waits until each namespace holds what its origin holds, and nothing else of it. */
async function peace(world: World, applications: readonly Application[], withinMs: number): Promise<void> {
  for (const application of applications) {
    const { namespace, wanted } = application;
    const expected = printed([...wanted]);
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
          return found === expected && (await application.isSettled());
        },
        withinMs,
      )
      .catch(async (error: unknown) => {
        const statuses = JSON.stringify(await application.statuses(), undefined, 1);
        assert.fail(`${String(error)}\nGit: ${expected}\ncluster: ${found}\n${statuses}`);
      });
  }
}

function printed(data: readonly (readonly string[])[]): string {
  return JSON.stringify(data.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)));
}

/** What is in use once what the test itself keeps of the past is forgotten. */
function memory({ web, events }: World): { heapMiB: number; residentMiB: number } {
  web.requests.length = 0;
  web.registry.requests.length = 0;
  events.length = 0;
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapMiB: heapUsed / 1024 ** 2, residentMiB: rss / 1024 ** 2 };
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
