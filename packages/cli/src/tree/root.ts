import type { CommandSpec, FlagSpec } from '../command-line/index.js';
import { clusterCommand, upCommand } from './sluice-cluster.js';
import { deleteCommand, exportCommand, reconcileCommand, resumeCommand, suspendCommand } from './flux-actions.js';
import { buildCommand, diffCommand, listCommand, pullCommand, pushCommand, tagCommand } from './flux-artifacts.js';
import { bootstrapCommand } from './flux-bootstrap.js';
import { completionCommand } from './flux-completion.js';
import { createCommand } from './flux-create.js';
import { getCommand } from './flux-get.js';
import {
  debugCommand,
  envsubstCommand,
  eventsCommand,
  logsCommand,
  migrateCommand,
  statsCommand,
  traceCommand,
  treeCommand,
  triggerCommand,
} from './flux-inspect.js';
import { pluginCommand } from './flux-plugin.js';
import { checkCommand, installCommand, uninstallCommand } from './flux-install.js';
import { doctorCommand } from './sluice-doctor.js';
import { helmCommand } from './sluice-helm.js';
import { controllerCommand } from './sluice-controller.js';
import { kustomizeCommand } from './sluice-kustomize.js';
import { sopsCommand } from './sluice-sops.js';

/** The flags that every command takes: how to reach a cluster, where to work, how long to wait. */
function globalFlags(environment: Readonly<Record<string, string | undefined>>): readonly FlagSpec[] {
  const flags: readonly FlagSpec[] = [
    {
      name: 'as',
      type: 'string',
      usage: 'Username to impersonate for the operation. User could be a regular user or a service account in a namespace.',
    },
    {
      name: 'as-group',
      type: 'stringArray',
      usage: 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups.',
    },
    { name: 'as-uid', type: 'string', usage: 'UID to impersonate for the operation.' },
    {
      name: 'as-user-extra',
      type: 'stringArray',
      usage: 'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key.',
    },
    { name: 'cache-dir', type: 'string', usage: 'Default cache directory', default: `${environment['HOME'] ?? ''}/.kube/cache` },
    {
      name: 'certificate-authority',
      type: 'string',
      usage: 'Path to a cert file for the certificate authority to authenticate the Kubernetes API server',
    },
    {
      name: 'client-certificate',
      type: 'string',
      usage: 'Path to a client certificate file for TLS authentication to the Kubernetes API server',
    },
    { name: 'client-key', type: 'string', usage: 'Path to a client key file for TLS authentication to the Kubernetes API server' },
    { name: 'cluster', type: 'string', usage: 'The name of the kubeconfig cluster to use' },
    { name: 'context', type: 'string', usage: 'The name of the kubeconfig context to use' },
    { name: 'disable-compression', type: 'bool', usage: 'If true, opt-out of response compression for all requests to the server' },
    {
      name: 'insecure-skip-tls-verify',
      type: 'bool',
      usage:
        "If true, the Kubernetes API server's certificate will not be checked for validity. This will make your HTTPS connections insecure",
    },
    {
      name: 'kube-api-burst',
      type: 'int',
      usage: 'The maximum burst queries-per-second of requests sent to the Kubernetes API.',
      default: '300',
    },
    {
      name: 'kube-api-qps',
      type: 'float32',
      usage: 'The maximum queries-per-second of requests sent to the Kubernetes API.',
      default: '50',
    },
    { name: 'kubeconfig', type: 'string', usage: 'Path to the kubeconfig file to use for CLI requests.' },
    {
      name: 'namespace',
      shorthand: 'n',
      type: 'string',
      usage: 'If present, the namespace scope for this CLI request',
      default: environment['FLUX_SYSTEM_NAMESPACE'] ?? 'flux-system',
    },
    {
      name: 'ns-follows-kube-context',
      type: 'bool',
      usage:
        'use the namespace from the kubeconfig context instead of the default flux-system namespace, can also be set via FLUX_NS_FOLLOWS_KUBE_CONTEXT env var',
    },
    { name: 'server', type: 'string', usage: 'The address and port of the Kubernetes API server' },
    { name: 'timeout', type: 'duration', usage: 'timeout for this operation', default: '5m0s' },
    {
      name: 'tls-server-name',
      type: 'string',
      usage: 'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used',
    },
    { name: 'token', type: 'string', usage: 'Bearer token for authentication to the API server' },
    { name: 'user', type: 'string', usage: 'The name of the kubeconfig user to use' },
    { name: 'verbose', type: 'bool', usage: 'print generated objects' },
  ];
  return flags.map((flag) => ({ ...flag, isConnection: true }));
}

const versionCommand: CommandSpec = {
  name: 'version',
  short: 'Print the client and server-side components version information.',
  long: 'Print the client and server-side components version information for the current context.',
  example: '  # Of this program alone, for a script\n  flux version --client -o json',
  flags: [
    { name: 'client', type: 'bool', usage: 'print only client version' },
    {
      name: 'output',
      shorthand: 'o',
      type: 'string',
      usage: "the format in which the information should be printed. can be 'json' or 'yaml'",
      default: 'yaml',
    },
  ],
  load: () => import('../commands/version.js'),
};

const helpCommand: CommandSpec = {
  name: 'help',
  args: '[command]',
  short: 'Help about any command',
  load: () => import('../commands/help.js'),
};

const docgenCommand: CommandSpec = {
  name: 'docgen',
  short: 'Generate the documentation for the CLI commands.',
  hidden: true,
  flags: [{ name: 'path', type: 'string', usage: 'path to write the generated documentation to', default: './docs/cmd' }],
  load: () => import('../commands/docgen.js'),
};

/** The whole command line. `program` is the name it was called by; both names have all commands. */
export function rootCommand(program: string, environment: Readonly<Record<string, string | undefined>>): CommandSpec {
  return {
    name: program,
    short: 'GitOps for Kubernetes: keeps clusters equal to Git',
    long: 'Keeps Kubernetes clusters equal to Git, with the API and the commands of Flux v2.',
    example: `  # An embedded cluster on this machine, synced with a Git repository
  sluice up

  # What is there, and how it is doing
  flux get all -A

  # Fetch and apply now
  flux reconcile kustomization apps --with-source`,
    flags: [{ name: 'version', shorthand: 'v', type: 'bool', usage: `version for ${program}` }],
    persistentFlags: globalFlags(environment),
    commands: [
      bootstrapCommand,
      buildCommand,
      checkCommand,
      clusterCommand,
      controllerCommand,
      completionCommand,
      createCommand,
      debugCommand,
      deleteCommand,
      diffCommand,
      docgenCommand,
      doctorCommand,
      envsubstCommand,
      eventsCommand,
      exportCommand,
      getCommand,
      helmCommand(environment['HOME'] ?? ''),
      helpCommand,
      installCommand,
      kustomizeCommand,
      listCommand,
      logsCommand,
      migrateCommand,
      pluginCommand,
      pullCommand,
      pushCommand,
      reconcileCommand,
      resumeCommand,
      sopsCommand,
      statsCommand,
      suspendCommand,
      tagCommand,
      traceCommand,
      treeCommand,
      triggerCommand,
      uninstallCommand,
      upCommand,
      versionCommand,
    ],
  };
}
