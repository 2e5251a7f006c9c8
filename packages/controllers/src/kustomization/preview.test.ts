import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryTree } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { startCluster } from '@sluice/apiserver';
import { createCluster } from '@sluice/kube';
import { subjectOf } from '../apply/reference.js';
import { buildKustomization, diffKustomization } from './preview.js';

const kustomization: Kustomization = {
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name: 'app', namespace: 'default' },
  spec: {
    interval: '1m',
    prune: true,
    path: './app',
    targetNamespace: 'default',
    sourceRef: { kind: 'GitRepository', name: 'repo' },
    postBuild: { substitute: { who: 'you' } },
  },
  status: { inventory: { entries: [{ id: 'default_gone__ConfigMap', v: 'v1' }] } },
};

const tree = memoryTree({
  'app/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {hello: "${who}"}\n',
  'app/s.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: "after"}\n',
});

const manifest = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

test('what would be applied, and what of that would change', async () => {
  const objects = await buildKustomization(kustomization, tree);
  assert.deepEqual(
    objects.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`),
    ['ConfigMap/default/a', 'Secret/default/s'],
  );
  assert.deepEqual(objects[0]!['data'], { hello: 'you' });
  const embedded = await startCluster({ ephemeral: true, simulate: false });
  try {
    const cluster = createCluster(embedded.fetch);
    await cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'default' },
      stringData: { key: 'before' },
    });
    const diffs = await diffKustomization(kustomization, tree, { cluster });
    assert.deepEqual(
      diffs.map(({ reference, action }) => `${subjectOf(reference)} ${action}`),
      ['ConfigMap/default/a created', 'Secret/default/s configured', 'ConfigMap/default/gone deleted'],
    );
    assert.deepEqual([diffs[1]!.live!['data'], diffs[1]!.merged!['data']], [{ key: '*** (before)' }, { key: '*** (after)' }]);
    assert.ok(!JSON.stringify(diffs).includes(Buffer.from('before').toString('base64')));
    assert.equal(await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'a' }), undefined);
  } finally {
    await embedded.stop();
  }
});

test('what the server refuses is told in the order of the objects, whichever answer comes first', async () => {
  const embedded = await startCluster({ ephemeral: true, simulate: false });
  try {
    const slow = createCluster(async (request) => {
      if (request.path.includes('/configmaps/a')) await new Promise((resolve) => setTimeout(resolve, 50));
      return embedded.fetch(request);
    });
    const nowhere = { ...kustomization, spec: { ...kustomization.spec, targetNamespace: 'nowhere' } };
    const several = memoryTree({ 'app/a.yaml': manifest('a'), 'app/b.yaml': manifest('b') });
    await assert.rejects(diffKustomization(nowhere, several, { cluster: slow }), /ConfigMap\/nowhere\/a .*\n.*ConfigMap\/nowhere\/b /);
  } finally {
    await embedded.stop();
  }
});
