import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installObjects } from '../install/index.js';
import { componentsNamed } from '../install/components.js';
import { monitoringObjects } from './index.js';

test('what watches the controllers goes where they are', () => {
  assert.deepEqual(
    monitoringObjects('gitops')
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)
      .toSorted(),
    ['ConfigMap gitops/flux-dashboards', 'PodMonitor gitops/flux-system', 'PrometheusRule gitops/flux'],
  );
});

test('install --monitoring has it last, after what it watches', () => {
  const options = {
    namespace: 'flux-system',
    components: componentsNamed(['source-controller']),
    single: false,
    registry: 'localhost',
    imagePullSecret: '',
    watchAllNamespaces: true,
    networkPolicy: true,
    logLevel: 'info',
    clusterDomain: 'cluster.local',
    tolerationKeys: [],
    lockdown: false,
    monitoring: true,
  };
  const kinds = installObjects(options).map(({ kind }) => kind);
  assert.deepEqual(kinds.slice(-3).toSorted(), ['ConfigMap', 'PodMonitor', 'PrometheusRule']);
  assert.equal(
    installObjects({ ...options, monitoring: false }).some(({ kind }) => kind === 'PrometheusRule'),
    false,
  );
});
