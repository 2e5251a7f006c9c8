import type { CommandSpec, FlagSpec } from '../command-line/index.js';
import { sopsMacFlag } from '../sops/mac-flag.js';

const directory: FlagSpec = {
  name: 'directory',
  type: 'string',
  usage: 'where the cluster keeps its state and its kubeconfig',
  default: '.sluice',
};
const port: FlagSpec = { name: 'port', type: 'int', usage: 'the port of the API server on loopback', default: '16443' };
const ephemeral: FlagSpec = { name: 'ephemeral', type: 'bool', usage: 'keep everything in memory' };
const noSimulate: FlagSpec = { name: 'no-simulate', type: 'bool', usage: 'leave workloads as they are written: no rollouts, no Pods' };

export const clusterCommand: CommandSpec = {
  name: 'cluster',
  short: 'Start and stop an embedded Kubernetes cluster',
  long: `The cluster sub-commands run an embedded Kubernetes API server on loopback. It is a real API for kubectl and
controllers; its workloads are simulated, no container runs.`,
  commands: [
    {
      name: 'start',
      short: 'Start the cluster',
      example: `  # In the background, with its state in .sluice
  sluice cluster start
  export KUBECONFIG=$(sluice cluster kubeconfig)

  # In this terminal, in memory, until Ctrl-C
  sluice cluster start --foreground --ephemeral`,
      flags: [
        directory,
        port,
        ephemeral,
        noSimulate,
        { name: 'foreground', type: 'bool', usage: 'stay in this terminal until Ctrl-C instead of going to the background' },
      ],
      load: async () => ({ run: (await import('../commands/cluster.js')).startCommand }),
    },
    {
      name: 'stop',
      short: 'Stop the cluster that runs in the background',
      flags: [directory],
      load: async () => ({ run: (await import('../commands/cluster.js')).stopCommand }),
    },
    {
      name: 'reset',
      short: 'Stop the cluster and delete its state',
      flags: [directory],
      load: async () => ({ run: (await import('../commands/cluster.js')).resetCommand }),
    },
    {
      name: 'kubeconfig',
      short: "Print the path of the cluster's kubeconfig",
      example: '  export KUBECONFIG=$(sluice cluster kubeconfig)',
      flags: [directory],
      load: async () => ({ run: (await import('../commands/cluster.js')).kubeconfigCommand }),
    },
  ],
};

export const upCommand: CommandSpec = {
  name: 'up',
  short: 'Run an embedded cluster that is synced with a Git repository',
  long: `Starts the embedded cluster and the engine in this terminal, syncs the cluster with a Git repository, and keeps it
synced until Ctrl-C. Without a repository it makes one to try things with.`,
  example: `  # A demo repository, in .sluice/demo
  sluice up

  # A repository of yours, from a directory in it
  sluice up --repository ~/src/fleet --path clusters/dev

  # With the Secrets that it expects and Git does not hold
  sluice up --repository . --path clusters/dev --apply ~/dev-secrets.yaml`,
  flags: [
    directory,
    port,
    ephemeral,
    noSimulate,
    { name: 'repository', type: 'string', usage: 'the Git repository on this machine to sync from; a demo is made when empty' },
    { name: 'path', type: 'string', usage: 'the directory of the repository to sync; all of it when empty, clusters/local of the demo' },
    { name: 'apply', type: 'string', usage: 'a file of manifests to apply before the first sync: Secrets that Git does not hold' },
    { name: 'metrics-port', type: 'int', usage: 'the port of /metrics, /healthz and /readyz on loopback', default: '16444' },
    { name: 'branch', type: 'string', usage: 'the branch to sync', default: 'main' },
    sopsMacFlag,
    { name: 'sops-age-secret', type: 'string', usage: 'NAMESPACE/NAME of a Secret with age keys for all Kustomizations without their own' },
  ],
  load: () => import('../commands/up.js'),
};
