import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HttpRequest } from '@sluice/kube';
import { configMap, createApplication } from '../testing/application.js';
import { breakable } from '../testing/breakable.js';
import { startWorld } from '../testing/world.js';

/** Where the process dies, or the API fails: the first request of the pass that looks so. */
const FAULTS: readonly { readonly stage: string; readonly at: (request: HttpRequest) => boolean }[] = [
  { stage: 'when the source is told of', at: ({ method, path }) => method === 'PATCH' && path.includes('/gitrepositories/repo/status') },
  { stage: 'before validation', at: ({ method, path }) => method === 'PATCH' && path.includes('/configmaps/') && path.includes('dryRun') },
  {
    stage: 'at the first write',
    at: ({ method, path }) => method === 'PATCH' && path.includes('/configmaps/') && !path.includes('dryRun'),
  },
  { stage: 'between two writes', at: ({ method, path }) => method === 'PATCH' && path.includes('/secrets/s') && !path.includes('dryRun') },
  { stage: 'before pruning', at: ({ method, path }) => method === 'GET' && path.includes('/configmaps/gone') },
  { stage: 'while pruning', at: ({ method, path }) => method === 'DELETE' && path.includes('/configmaps/gone') },
  { stage: 'before the status is written', at: ({ method, path }) => method === 'PATCH' && path.includes('/kustomizations/app/status') },
];

describe('a fault at any stage: the next start converges, and nothing is lost, doubled or wrongly deleted', { concurrency: 4 }, () => {
  for (const { stage, at } of FAULTS) {
    for (const how of ['dies', 'fails once'] as const) {
      test(`${how} ${stage}`, async (t) => {
        const world = await startWorld();
        t.after(() => world.close());
        const api = breakable(world);
        await api.restart();
        const files = {
          'a.yaml': configMap('a', '"1"'),
          'gone.yaml': configMap('gone', '"1"'),
          's.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: "1"}\n',
        };
        const sourceKind = stage.includes('source') ? 'GitRepository' : 'ExternalArtifact';
        const specs = { app: { path: './', retryInterval: '500ms' } };
        const { namespace, ready, push, applied, kustomization } = await createApplication(world, files, specs, sourceKind);
        await world.cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bystander', namespace } });
        await ready();

        api.breakAt({ at, how });
        const commit = await push({
          files: { 'a.yaml': configMap('a', '"2"'), 'new.yaml': configMap('new', '"2"'), 's.yaml': files['s.yaml'].replace('"1"', '"2"') },
          remove: ['gone.yaml'],
        });
        await world.eventually('the fault has happened', api.isBroken);
        if (how === 'dies') await api.restart();
        await applied(commit);
        await ready();

        const { items } = await world.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace });
        assert.deepEqual(Object.fromEntries(items.map(({ metadata, data }) => [metadata.name, (data as { v?: string } | undefined)?.v])), {
          a: '2',
          bystander: undefined,
          new: '2',
        });
        const { status } = await kustomization();
        assert.deepEqual(
          status!.inventory!.entries.map(({ id }) => id).sort(),
          ['a', 'new'].map((name) => `${namespace}_${name}__ConfigMap`).concat(`${namespace}_s__Secret`),
        );
      });
    }
  }
});
