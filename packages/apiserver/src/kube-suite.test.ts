import { createCluster, networkFetch, parseKubeconfig, resolveContext } from '@sluice/kube';
import { clusterSuite } from '@sluice/kube/testing';
import { startCluster } from './index.js';

clusterSuite('embedded, in this process', async () => {
  const server = await startCluster();
  return { cluster: createCluster(server.fetch), close: () => server.stop() };
});

clusterSuite('embedded, over the network', async () => {
  const server = await startCluster();
  const fetch = networkFetch(resolveContext(parseKubeconfig(server.kubeconfig)));
  return {
    cluster: createCluster(fetch),
    close: async () => {
      await fetch.close();
      await server.stop();
    },
  };
});
