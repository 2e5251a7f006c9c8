import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { alert, crdOf, customResources, provider, type CustomResource, type ResourceVersion } from '@sluice/api';
import { startCluster } from '@sluice/apiserver';
import type { JsonObject } from '@sluice/core';
import { computeHealth, createCluster, loadKubeconfig, networkFetch, type Cluster } from '@sluice/kube';
import { sampleOf } from './testing/sample.js';
import { takeTurn } from './testing/turn.js';

/** Fields that are refused, or exclude others, by their kind and the end of their path. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  Bucket: ['.sts', '.serviceAccountName'],
  GitRepository: ['.serviceAccountName'],
  HelmChart: ['.valuesFile'],
  HelmRelease: ['.valuesFile', '.patchesJson6902', '.patchesStrategicMerge', '.chartRef', '.kubeConfig.configMapRef', '.strategy'],
  Kustomization: ['.patchesJson6902', '.patchesStrategicMerge', '.kubeConfig.configMapRef'],
  Provider: ['.commitStatusExpr'],
  Receiver: ['.oidcProviders'],
};

const NAMESPACE = 'older';

/** A cluster that KUBECONFIG_E2E names, or one of our own. */
async function connect(): Promise<{ readonly cluster: Cluster; readonly close: () => Promise<void> }> {
  const path = process.env['KUBECONFIG_E2E'] ?? '';
  if (path !== '') {
    const fetch = networkFetch(await loadKubeconfig({ path }));
    const cluster = createCluster(fetch);
    const handOn = await takeTurn(cluster);
    return { cluster, close: () => handOn().then(() => fetch.close()) };
  }
  const embedded = await startCluster({ ephemeral: true, simulate: false });
  return { cluster: createCluster(embedded.fetch), close: () => embedded.stop() };
}

describe('objects of every version, with all fields, are applied again after their status was written', () => {
  let cluster: Cluster;
  let close: () => Promise<void>;
  before(async () => {
    ({ cluster, close } = await connect());
    for (const definition of customResources) await cluster.apply(crdOf(definition), { fieldManager: 'test', force: true });
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }, { fieldManager: 'test', force: true });
    // A real server serves a definition a moment after it has it.
    for (const { group, kind, versions } of customResources) {
      for (const { name } of versions) await eventually(() => cluster.list({ apiVersion: `${group}/${name}`, kind, namespace: NAMESPACE }));
    }
  });
  after(async () => {
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: NAMESPACE });
    await close();
  });

  for (const definition of customResources) {
    const [stored] = definition.versions;
    for (const version of definition.versions) {
      test(`${definition.kind} ${version.name}`, async () => {
        for (const round of ['first', 'second']) {
          await apply(definition, version, version.name, round);
          await writeStatus(definition, version.name, round);
        }
        await apply(definition, version, version.name, 'third');
      });

      if (version === stored) continue;
      test(`${definition.kind} ${version.name}, and then ${stored.name} by the same manager`, async () => {
        const name = `moved-${version.name}`;
        await apply(definition, version, name, 'first');
        await writeStatus(definition, name, 'first');
        await apply(definition, stored, name, 'second');
        await writeStatus(definition, name, 'second');
        await apply(definition, version, name, 'third');
      });
    }
  }

  for (const { group, kind, versions } of [alert, provider]) {
    for (const {
      name,
      spec: { json },
    } of versions) {
      test(`nobody waits for ${kind} ${name}, which has no controller that writes its status`, async () => {
        const spec = sampleOf(json, LEFT_OUT[kind] ?? []) as JsonObject;
        const key = { apiVersion: `${group}/${name}`, kind, namespace: NAMESPACE, name: `unobserved-${name}` };
        await cluster.apply(
          { apiVersion: key.apiVersion, kind, metadata: { name: key.name, namespace: NAMESPACE }, spec },
          { fieldManager: 'kubectl' },
        );
        const read = await cluster.get(key);
        assert.equal(computeHealth(read!).status, 'Current', JSON.stringify(read?.['status']));
      });
    }
  }

  /** Without force, which would hide that owners were forgotten. */
  async function apply({ group, kind }: CustomResource, version: ResourceVersion, name: string, round: string): Promise<void> {
    const metadata = { name, namespace: NAMESPACE, annotations: { round } };
    const spec = sampleOf(version.spec.json, LEFT_OUT[kind] ?? []) as JsonObject;
    const object = await cluster.apply({ apiVersion: `${group}/${version.name}`, kind, metadata, spec }, { fieldManager: 'kubectl' });
    const owners = (object.metadata.managedFields ?? []).map(({ manager }) => manager);
    assert.ok(owners.includes('kubectl') && !owners.includes('before-first-apply'), owners.join(', '));
    assert.equal(object.metadata.annotations?.['round'], round);
  }

  /** As a controller does, which knows the stored version only. */
  async function writeStatus({ group, kind, versions: [stored] }: CustomResource, name: string, round: string): Promise<void> {
    if (stored.status === undefined) return;
    const status = { ...(sampleOf(stored.status.json, []) as JsonObject), ...(round === 'first' ? {} : { conditions: [] }) };
    const key = { apiVersion: `${group}/${stored.name}`, kind, namespace: NAMESPACE, name };
    await cluster.patch(key, 'merge', { status }, { fieldManager: 'gotk', subresource: 'status' });
  }
});

async function eventually(attempt: () => Promise<unknown>): Promise<void> {
  for (let left = 50; ; left--) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
