// The cluster or the engine of bench/controllers.mjs, as a process that can be asked what it has used.
import { join } from 'node:path';

const [part, options] = [process.argv[2], JSON.parse(process.argv[3] ?? '{}')];

async function startCluster() {
  const { startCluster } = await import('../packages/apiserver/dist/index.js');
  const cluster = await startCluster({ ephemeral: true });
  return { told: { kubeconfig: cluster.kubeconfig }, stop: () => cluster.stop() };
}

async function startEngine({ kubeconfig, directory }) {
  const { createCluster, loadKubeconfig, networkFetch } = await import('../packages/kube/dist/index.js');
  const { startControllers } = await import('../packages/controllers/dist/index.js');
  const { silentLogger } = await import('../packages/runtime/dist/index.js');
  const { createGitClient, openArtifactStore } = await import('../packages/sources/dist/index.js');
  const fetch = networkFetch(await loadKubeconfig({ path: kubeconfig }));
  const controllers = startControllers({
    cluster: createCluster(fetch),
    git: createGitClient({ cacheDir: join(directory, 'git'), allowFile: true }),
    store: openArtifactStore({ dir: join(directory, 'store'), baseUrl: 'http://localhost' }),
    log: silentLogger,
    allowFile: true,
  });
  await controllers.whenReady();
  return {
    told: {},
    stop: async () => {
      await controllers.stop(1000);
      await fetch.close();
    },
  };
}

// As `sluice controller` does.
(await import('../packages/cli/dist/long-run.js')).expectLongRun();
const { told, stop } = await (part === 'engine' ? startEngine(options) : startCluster());
process.on('message', (question) => {
  if (question === 'stop') return void stop().then(() => process.exit(0));
  const { user, system } = process.cpuUsage();
  process.send({ cpu: (user + system) / 1e6, peak: process.resourceUsage().maxRSS * 1024 });
});
// Whoever measures may have been ended.
process.on('disconnect', () => process.exit());
process.send(told);
