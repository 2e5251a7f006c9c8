import type { CommandSpec } from '../command-line/index.js';
import { controllerFlags } from '../engine/flags.js';

export const controllerCommand: CommandSpec = {
  name: 'controller',
  args: '[name]',
  short: 'Run the controllers, in a cluster or against one',
  long: `Runs the controllers until it is told to end: all of them in this process, or, by the name of one of Flux's controllers,
what that does. In a Pod the cluster is the Pod's; elsewhere it is that of the kubeconfig. It takes the flags that Flux's
controllers take.`,
  example: `  # What the Deployment of \`sluice install --single\` runs
  sluice controller --enable-leader-election

  # One, beside Flux's others
  sluice controller kustomize-controller --events-addr=http://notification-controller.flux-system.svc.cluster.local./

  # Against an embedded cluster in another terminal, whose own Pods are only simulated
  sluice cluster start && export KUBECONFIG=$(sluice cluster kubeconfig)
  sluice controller --storage-path=/tmp/sluice --storage-adv-addr=127.0.0.1:9090`,
  flags: controllerFlags,
  load: () => import('../commands/controller.js'),
};
