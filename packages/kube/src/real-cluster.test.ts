import { test } from 'node:test';
import { createCluster, loadKubeconfig, networkFetch } from './index.js';
import { clusterSuite } from './testing.js';

const path = process.env['KUBECONFIG_E2E'] ?? '';

if (path === '') {
  test('a real cluster', { skip: 'KUBECONFIG_E2E names no cluster' }, () => undefined);
} else {
  clusterSuite('that KUBECONFIG_E2E names', async () => {
    const fetch = networkFetch(await loadKubeconfig({ path }));
    return { cluster: createCluster(fetch), close: () => fetch.close() };
  });
}
