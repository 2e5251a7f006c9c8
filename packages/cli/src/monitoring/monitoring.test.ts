import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monitoringObjects } from './index.js';

test('what watches the controllers goes where they are', () => {
  assert.deepEqual(
    monitoringObjects('gitops')
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)
      .toSorted(),
    ['ConfigMap gitops/flux-dashboards', 'PodMonitor gitops/flux-system', 'PrometheusRule gitops/flux'],
  );
});
