import type { CommandSpec } from '../command-line/index.js';
import { bool, choice, duration, int, list, text } from './flag-builders.js';

const logLevels = ['debug', 'info', 'error'];

/** Commands that look at what is there, and why it is so. */

export const eventsCommand: CommandSpec = {
  name: 'events',
  short: 'Display Kubernetes events for Flux resources',
  long: 'The events command prints the events of the resources of Flux, those of an object together with those of what it comes from.',
  example: `  # Of the resources in flux-system
flux events

# Of one Kustomization and its source
flux events --for Kustomization/podinfo

# Warnings, everywhere, as they come
flux events -A --types Warning --watch`,
  flags: [
    bool('all-namespaces', 'display events from Flux resources across all namespaces', { shorthand: 'A' }),
    text('for', 'get events for a particular object'),
    list('types', 'filter events for certain types (valid types are: Normal, Warning)'),
    bool('watch', 'indicate if the events should be streamed', { shorthand: 'w' }),
  ],
  load: () => import('../commands/events.js'),
};

export const logsCommand: CommandSpec = {
  name: 'logs',
  args: '[controller]',
  short: 'Display formatted logs for Flux components',
  long: `The logs command prints what the controllers have logged, in lines for people. The name of a controller leaves out the
others.`,
  example: `  # Errors of all objects, as they come
flux logs --follow --level=error --all-namespaces

# Of one object
flux logs --kind=Kustomization --name=podinfo --namespace=default

# The last two minutes of one controller
flux logs kustomize-controller -A --since=2m`,
  flags: [
    bool('all-namespaces', 'displays logs for objects across all namespaces', { shorthand: 'A' }),
    text('flux-namespace', 'the namespace where the Flux components are running', { default: 'flux-system' }),
    bool('follow', 'specifies if the logs should be streamed', { shorthand: 'f' }),
    text('kind', 'displays errors of a particular toolkit kind e.g GitRepository'),
    choice('level', 'log level', logLevels, {
      other: (given) => `unsupported log level '${given}', must be one of: ${logLevels.join(', ')}`,
      empty: `no log level given, must be one of: ${logLevels.join(', ')}`,
    }),
    text('name', 'specifies the name of the object logs to be displayed'),
    duration(
      'since',
      'Only return logs newer than a relative duration like 5s, 2m, or 3h. Defaults to all logs. Only one of since-time / since may be used.',
    ),
    text(
      'since-time',
      'Only return logs after a specific date (RFC3339). Defaults to all logs. Only one of since-time / since may be used.',
    ),
    int('tail', 'lines of recent log file to display', { default: '-1' }),
  ],
  load: () => import('../commands/logs.js'),
};

export const traceCommand: CommandSpec = {
  name: 'trace',
  args: '<resource> <name> [<name> ...]',
  short: 'Trace in-cluster objects throughout the GitOps delivery pipeline',
  long: 'The trace command shows who has applied an object, at which revision, and from what source.',
  example: `  # A Deployment
flux trace -n apps deployment podinfo

# Several objects
flux trace -n apps deployment/podinfo service/podinfo

# By API version and kind
flux trace redis --kind=HelmRelease --api-version=helm.toolkit.fluxcd.io/v2 -n redis`,
  flags: [
    text('api-version', "the Kubernetes object API version, e.g. 'apps/v1'"),
    text('kind', "the Kubernetes object kind, e.g. Deployment'"),
  ],
  load: () => import('../commands/trace.js'),
};

export const statsCommand: CommandSpec = {
  name: 'stats',
  short: 'Stats of Flux reconciles',
  long: 'The stats command counts the objects of each kind: how many are reconciled, fail and are suspended, and what they have stored.',
  example: `  # Of a namespace
flux stats --namespace default

# Of the whole cluster
flux stats -A`,
  persistentFlags: [bool('all-namespaces', 'list the statistics for objects across all namespaces', { shorthand: 'A' })],
  load: () => import('../commands/stats.js'),
};

export const treeCommand: CommandSpec = {
  name: 'tree',
  short: 'Print the resources reconciled by Flux',
  long: 'The tree command shows what a resource has made, and what that has made in turn.',
  commands: [
    {
      name: 'kustomization',
      args: '[name]',
      aliases: ['ks', 'kustomization'],
      short: 'Print the resource inventory of a Kustomization',
      example: `  # What has been applied from the root of the repository
  flux tree kustomization flux-system

  # Only resources of Flux
  flux tree kustomization flux-system --compact`,
      flags: [
        bool('compact', 'list Flux resources only.'),
        text('output', "the format in which the tree should be printed. can be 'json' or 'yaml'", { shorthand: 'o' }),
      ],
      completes: 'kustomization',
      load: () => import('../commands/tree-kustomization.js'),
    },
    {
      name: 'artifact',
      short: 'Print artifact objects reconciled by Flux',
      commands: [
        {
          name: 'generator',
          args: '[name]',
          short: 'Print the inventory of an ArtifactGenerator',
          example: `  flux tree artifact generator my-generator`,
          flags: [text('output', "the format in which the tree should be printed. can be 'json' or 'yaml'", { shorthand: 'o' })],
          completes: 'artifactGenerator',
          load: () => import('../commands/tree-artifact-generator.js'),
        },
      ],
    },
  ],
};

export const debugCommand: CommandSpec = {
  name: 'debug',
  short: 'Debug a flux resource',
  long: 'The debug sub-commands show what a resource has in the end: its status, its values or variables, its history.',
  commands: [
    {
      name: 'helmrelease',
      args: '[name]',
      aliases: ['hr'],
      short: 'Debug a HelmRelease resource',
      long: `The debug helmrelease command prints the status, the values or the history of a HelmRelease. Values may come from Secrets: they are
printed, too.`,
      example: `  # The values that its chart is rendered with
  flux debug hr podinfo --show-values`,
      flags: [
        bool('show-history', 'print the reconciliation history of the Helm release'),
        bool('show-status', 'print the status of the Helm release'),
        bool('show-values', 'print the final values of the Helm release'),
      ],
      completes: 'helmRelease',
      load: () => import('../commands/debug-helmrelease.js'),
    },
    {
      name: 'kustomization',
      args: '[name]',
      aliases: ['ks'],
      short: 'Debug a Flux Kustomization resource',
      long: `The debug kustomization command prints the status, the variables or the history of a Kustomization. Variables may come from
Secrets: they are printed, too.`,
      example: `  # The variables that its manifests are built with
  flux debug ks podinfo --show-vars > vars.env`,
      flags: [
        bool('show-history', 'print the reconciliation history of the Flux Kustomization'),
        bool('show-status', 'print the status of the Flux Kustomization'),
        bool('show-vars', 'print the final vars of the Flux Kustomization in dot env format'),
      ],
      completes: 'kustomization',
      load: () => import('../commands/debug-kustomization.js'),
    },
  ],
};

export const envsubstCommand: CommandSpec = {
  name: 'envsubst',
  short: 'envsubst substitutes the values of environment variables',
  long: `The envsubst command replaces the variables of what is piped in by values of the environment, by the rules of
spec.postBuild: \${NAME}, \${NAME:=default} and the functions of bash.`,
  example: `  # Before kubectl
kustomize build . | flux envsubst | kubectl apply -f -

# A variable without a value and a default is a failure
kustomize build . | flux envsubst --strict`,
  flags: [bool('strict', 'fail if a variable without a default value is declared in the input but is missing from the environment')],
  load: () => import('../commands/envsubst.js'),
};

export const migrateCommand: CommandSpec = {
  name: 'migrate',
  short: 'Migrate the Flux custom resources to their latest API version',
  long: `The migrate command brings custom resources to the API versions of today, before an upgrade leaves older ones out: those that
the cluster has stored, or with --path those in files.`,
  example: `  # In the cluster
flux migrate

# In the manifests of a repository, after a look at what would change
flux migrate -f . --dry-run
flux migrate -f .`,
  flags: [
    bool('dry-run', 'simulate the migration of manifests without making any changes, only applicable with --path'),
    list('extensions', 'the file extensions to consider when migrating manifests, only applicable with --path', {
      shorthand: 'e',
      default: '.yaml,.yml',
    }),
    text('path', 'the path to the directory containing the manifests to migrate', { shorthand: 'f' }),
    text(
      'version',
      'the target Flux minor version to migrate manifests to, only applicable with --path (defaults to the version of the CLI)',
      { shorthand: 'v' },
    ),
    bool('yes', 'skip confirmation prompts when migrating manifests, only applicable with --path', { shorthand: 'y' }),
  ],
  load: () => import('../commands/migrate.js'),
};

export const triggerCommand: CommandSpec = {
  name: 'trigger',
  short: 'Trigger webhooks',
  long: 'The trigger sub-commands send requests to webhooks.',
  commands: [
    {
      name: 'receiver',
      args: '[name]',
      short: 'Trigger the webhook of a Receiver',
      long: `The trigger receiver command sends a request to the webhook of a Receiver, whose path it computes from the name, the namespace
and the token. It needs no access to the cluster.`,
      example: `  # A generic Receiver
  flux trigger receiver my-receiver \\
    --token=my-token \\
    --url=https://flux-webhook.example.com

  # From a job of GitHub Actions, with its identity
  flux trigger receiver my-receiver \\
    --type=generic-oidc \\
    --oidc-provider=github \\
    --url=https://flux-webhook.example.com`,
      flags: [
        text('oidc-audience', 'the audience of the OIDC token to fetch (requires --oidc-provider); defaults to "notification-controller"'),
        text(
          'oidc-provider',
          'the OIDC provider to fetch the token from, one of: github, forgejo (generic-oidc only, mutually exclusive with --oidc-token)',
        ),
        text(
          'oidc-token',
          'the OIDC token to authenticate the request (generic-oidc only, mutually exclusive with --oidc-provider); defaults to the FLUX_TRIGGER_RECEIVER_OIDC_TOKEN environment variable',
        ),
        text('payload', 'the JSON payload to send in the request body', { default: '{}' }),
        int(
          'retries',
          'the number of times to retry on connection errors or retryable HTTP status codes (404, 408, 429, 5xx); set to 0 to disable',
          { default: '10' },
        ),
        duration('retry-delay', 'the delay between retries', { default: '10s' }),
        text('token', 'the Receiver token, required for all types except generic-oidc where it must not be set'),
        text('type', 'the Receiver type, one of: generic, generic-hmac, generic-oidc', { default: 'generic' }),
        text('url', 'the base URL of the notification-controller webhook receiver, may contain a base path'),
      ],
      load: () => import('../commands/trigger-receiver.js'),
    },
  ],
};
