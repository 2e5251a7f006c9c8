import type { CommandSpec } from '../command-line/index.js';
import { componentFlags, installFlags } from './install-flags.js';

export const installCommand: CommandSpec = {
  name: 'install',
  short: 'Install or upgrade Flux',
  long: `The install command deploys the controllers and their custom resources in the specified namespace. What is there already
is brought up to date. The image that it names is made with \`npm run image\`; without --registry the nodes must have it.`,
  example: `  # The controllers under their classic names, in flux-system
  flux install --registry=registry.example.com/platform

  # All of them in one Deployment, for a small cluster
  sluice install --single --registry=registry.example.com/platform

  # Only some
  flux install --components="source-controller,kustomize-controller"

  # Onto nodes with a taint
  flux install --toleration-keys=node.kubernetes.io/dedicated-to-flux

  # As manifests, for a repository or for kubectl
  flux install --export > flux-system.yaml`,
  flags: [
    { name: 'export', type: 'bool', usage: 'write the install manifests to stdout and exit' },
    ...installFlags({
      images: 'toolkit',
      pods: 'components',
      networkPolicy: 'deny ingress access to the toolkit controllers from other namespaces using network policies',
      watched: 'toolkit is',
    }),
  ],
  load: () => import('../commands/install.js'),
};

export const uninstallCommand: CommandSpec = {
  name: 'uninstall',
  short: 'Uninstall Flux and its custom resource definitions',
  long: `The uninstall command removes the controllers, their custom resources and the definitions of those from the cluster.
What the controllers have applied stays.`,
  example: `  # The controllers, their custom resources, and the namespace
  flux uninstall --namespace=flux-system

  # The same, but the namespace stays
  flux uninstall --namespace=infra --keep-namespace=true

  # What would go
  flux uninstall --dry-run`,
  flags: [
    { name: 'dry-run', type: 'bool', usage: 'only print the objects that would be deleted' },
    { name: 'keep-namespace', type: 'bool', usage: 'skip namespace deletion' },
    { name: 'silent', shorthand: 's', type: 'bool', usage: 'delete components without asking for confirmation' },
  ],
  load: () => import('../commands/uninstall.js'),
};

export const checkCommand: CommandSpec = {
  name: 'check',
  short: 'Check requirements and installation',
  long: `The check command looks whether the cluster meets what is required, and whether the controllers and the custom
resources that are installed in it are healthy.`,
  example: `  # Before the installation
  flux check --pre

  # After it
  flux check`,
  flags: [
    { name: 'pre', type: 'bool', usage: 'only run pre-installation checks' },
    ...componentFlags('accepts comma-separated values'),
    {
      name: 'poll-interval',
      type: 'duration',
      usage: 'how often the health checker should poll the cluster for the latest state of the resources.',
      default: '5s',
    },
  ],
  load: () => import('../commands/check.js'),
};
