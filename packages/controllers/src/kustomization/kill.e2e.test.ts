import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { configMap, createApplication, dataOf } from '../testing/application.js';
import { EngineProcess, type KillPoint } from '../testing/engine-process.js';
import { startWorld, type World } from '../testing/world.js';

const status = (of: string): string => `/${of}/status`;

const service = (port: number): string => `apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: ${port}}]}\n`;

/** Where the process is killed: at a request, or so many milliseconds after a push. */
const KILLS: readonly { readonly at: string; readonly kill: KillPoint | number }[] = [
  { at: 'when the artifact is told of', kill: { method: 'PATCH', path: `/gitrepositories${status('repo')}`, when: 'after' } },
  { at: 'in validation', kill: { method: 'PATCH', path: 'dryRun', when: 'after' } },
  { at: 'before the first write', kill: { method: 'PATCH', path: '/configmaps/', not: 'dryRun', when: 'before' } },
  { at: 'when the first object is written', kill: { method: 'PATCH', path: '/configmaps/', not: 'dryRun', when: 'after' } },
  { at: 'when the last object is written', kill: { method: 'PATCH', path: '/services/', not: 'dryRun', when: 'after' } },
  { at: 'before something is deleted', kill: { method: 'DELETE', path: '/configmaps/', when: 'before' } },
  { at: 'when something is deleted', kill: { method: 'DELETE', path: '/configmaps/', when: 'after' } },
  { at: 'before the status is written', kill: { method: 'PATCH', path: `/kustomizations${status('app')}`, when: 'before' } },
  { at: 'when the status is written', kill: { method: 'PATCH', path: `/kustomizations${status('app')}`, when: 'after' } },
  // At random, too; the name says when it was.
  ...[300].map((within) => Math.floor(Math.random() * within)).map((kill) => ({ at: `${kill} ms after a push`, kill })),
];

describe('the process is killed, and the next one converges: nothing is lost, doubled or wrongly deleted', () => {
  let world: World;
  let directory: string;
  let engine: EngineProcess;
  /** The next one, loaded while the one before works. */
  let next: EngineProcess;
  let starts = 0;
  let application: Awaited<ReturnType<typeof createApplication>>;
  const load = (): EngineProcess => new EngineProcess({ kubeconfig: join(directory, 'kubeconfig'), directory });
  const restart = async (): Promise<void> => {
    engine = next;
    await engine.start();
    starts++;
    if (starts <= KILLS.length) next = load();
  };

  before(async () => {
    world = await startWorld();
    directory = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
    writeFileSync(join(directory, 'kubeconfig'), world.embedded.kubeconfig, { mode: 0o600 });
    const files = { 'same.yaml': configMap('same', '"0"'), 'only-0.yaml': configMap('only-0', '"0"'), 's.yaml': service(80) };
    application = await createApplication(world, files, { app: { path: './' } }, 'GitRepository');
    const { namespace } = application;
    await world.cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bystander', namespace } });
    next = load();
    await restart();
    await application.ready();
  });
  after(async () => {
    engine.kill();
    next.kill();
    await Promise.all([engine.ended, next.ended]);
    await world.close();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const [index, { at, kill }] of KILLS.entries()) {
    test(at, async () => {
      const { namespace, push, applied, ready, get, kustomization } = application;
      const round = index + 1;
      const { uid } = (await get('Service', 's'))!.metadata;
      if (typeof kill === 'object') await engine.arm(kill);
      const commit = await push({
        files: {
          'same.yaml': configMap('same', `"${round}"`),
          [`only-${round}.yaml`]: configMap(`only-${round}`, `"${round}"`),
          's.yaml': service(80 + round),
        },
        remove: [`only-${index}.yaml`],
      });
      if (typeof kill === 'number') setTimeout(() => engine.kill(), kill);
      assert.equal(await engine.ended, 'SIGKILL');
      await restart();
      await applied(commit);
      await ready();

      const { items } = await world.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace });
      const values = Object.fromEntries(items.map((item) => [item.metadata.name, (dataOf(item) as { v?: string } | undefined)?.v]));
      assert.deepEqual(values, { bystander: undefined, [`only-${round}`]: String(round), same: String(round) });
      // The one that stays was never made anew.
      assert.equal((await get('Service', 's'))!.metadata.uid, uid);
      const { inventory, history } = (await kustomization()).status!;
      const ids = [`${namespace}_only-${round}__ConfigMap`, `${namespace}_same__ConfigMap`, `${namespace}_s__Service`];
      assert.deepEqual(inventory!.entries.map(({ id }) => id).sort(), ids.sort());
      assert.equal(history!.filter(({ lastReconciledStatus }) => lastReconciledStatus !== 'ReconciliationSucceeded').length, 0);
      assert.deepEqual(readdirSync(join(directory, 'store', 'tmp')), []);
    });
  }
});
