import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Kustomization } from '@sluice/api';
import type { HttpRequest } from '@sluice/kube';
import { breakable } from '../testing/breakable.js';
import { keyOfKind, startWorld } from '../testing/world.js';

const configMap = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {v: "${value}"}\n`;

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
        const namespace = 'faults';
        const files = {
          'a.yaml': configMap('a', '1'),
          'gone.yaml': configMap('gone', '1'),
          's.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: "1"}\n',
        };
        await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
        await world.cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bystander', namespace } });
        world.git.commit(namespace, { files });
        const source = keyOfKind('GitRepository', namespace, 'repo');
        const app = keyOfKind('Kustomization', namespace, 'app');
        await world.cluster.create({
          ...source,
          metadata: { name: 'repo', namespace },
          spec: { interval: '10m', url: world.git.urlOf(namespace), ref: { branch: 'main' } },
        });
        await world.cluster.create({
          ...app,
          metadata: { name: 'app', namespace },
          spec: {
            interval: '10m',
            retryInterval: '500ms',
            prune: true,
            path: './',
            targetNamespace: namespace,
            sourceRef: { kind: 'GitRepository', name: 'repo' },
          },
        });
        const applied = (commit: string): Promise<unknown> =>
          world.eventually(`${commit} is applied`, async () => {
            const { status } = (await world.cluster.get<Kustomization>(app))!;
            return (
              status?.lastAppliedRevision === `main@sha1:${commit}` &&
              status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
            );
          });
        const request = (token: string): Promise<unknown> =>
          world.cluster.patch(source, 'merge', { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': token } } });
        await world.eventually(
          'the first commit is applied',
          async () => (await world.cluster.get<Kustomization>(app))?.status?.lastAppliedRevision,
        );

        const commit = world.git.commit(namespace, {
          files: { 'a.yaml': configMap('a', '2'), 'new.yaml': configMap('new', '2'), 's.yaml': files['s.yaml'].replace('"1"', '"2"') },
          remove: ['gone.yaml'],
        });
        api.breakAt({ at, how });
        await request('second');
        await world.eventually('the fault has happened', api.isBroken);
        if (how === 'dies') {
          await api.restart();
          await request('third');
        }
        await applied(commit);

        const { items } = await world.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace });
        assert.deepEqual(Object.fromEntries(items.map(({ metadata, data }) => [metadata.name, (data as { v?: string } | undefined)?.v])), {
          a: '2',
          bystander: undefined,
          new: '2',
        });
        const { status } = (await world.cluster.get<Kustomization>(app))!;
        assert.deepEqual(
          status!.inventory!.entries.map(({ id }) => id).sort(),
          ['a', 'new'].map((name) => `${namespace}_${name}__ConfigMap`).concat(`${namespace}_s__Secret`),
        );
      });
    }
  }
});
