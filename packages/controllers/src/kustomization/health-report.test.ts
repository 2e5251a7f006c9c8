import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { startCluster } from '@sluice/apiserver';
import { createCluster, createHealthReader } from '@sluice/kube';
import { objectKeyOf, referenceOf } from '../apply/reference.js';
import { explainHealth } from './health-report.js';

test('a workload that does not come up is explained by its status, the newest warning, its Pods and what they wrote', async () => {
  const embedded = await startCluster({ ephemeral: true });
  try {
    const cluster = createCluster(embedded.fetch);
    const deployment: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' }, annotations: { 'sluice.dev/simulate': 'CrashLoopBackOff' } },
          spec: { containers: [{ name: 'app', image: 'example.com/web' }] },
        },
      },
    };
    const { metadata } = await cluster.create(deployment);
    const isCrashing = async (): Promise<boolean> => {
      const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace: 'default' });
      return JSON.stringify(items).includes('"reason":"CrashLoopBackOff"');
    };
    for (const deadline = Date.now() + 10_000; !(await isCrashing());) {
      assert.ok(Date.now() < deadline, 'the Pod never crashed');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const [lastTimestamp, message] of [
      ['2026-01-02T00:00:00Z', 'the newest'],
      ['2026-01-01T00:00:00Z', 'an older one'],
    ]) {
      await cluster.create({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { generateName: 'web-', namespace: 'default' },
        involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace: 'default', uid: metadata.uid },
        type: 'Warning',
        reason: 'Tested',
        message,
        lastTimestamp,
      });
    }
    const reference = referenceOf(deployment);
    const health = await createHealthReader().read(cluster, objectKeyOf(reference));
    const report = await explainHealth(cluster, [{ reference, health }], AbortSignal.timeout(5000));
    assert.match(
      report,
      /^Deployment\/default\/web:\n {2}\S.*\n {2}warning Tested: the newest\n {2}Pod web-\S+: Running\n(?: {4}warning .*\n)? {4}container app: CrashLoopBackOff.*(?:\n {6}.*)*$/,
    );
  } finally {
    await embedded.stop();
  }
});

test('what can not be read is left out', async () => {
  const embedded = await startCluster({ ephemeral: true, simulate: false });
  try {
    const nobody = createCluster(embedded.fetch).as({ user: 'nobody' });
    const reference = referenceOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' } });
    const health = { status: 'NotFound', message: 'Resource not found', conditions: [] } as const;
    assert.equal(await explainHealth(nobody, [{ reference, health }], AbortSignal.timeout(5000)), 'Pod/default/p:\n  Resource not found');
  } finally {
    await embedded.stop();
  }
});
