import type { CommandSpec, FlagSpec } from '../command-line/index.js';

const namespace: FlagSpec = {
  name: 'namespace',
  shorthand: 'n',
  type: 'string',
  usage: 'the namespace of the release',
  default: 'default',
};

/** What helm's commands take for values. */
export const valuesFlags: readonly FlagSpec[] = [
  { name: 'values', shorthand: 'f', type: 'strings', usage: 'files or URLs with values, or - for standard input; the last one wins' },
  { name: 'set', type: 'stringArray', usage: 'values: key1=val1,key2=val2' },
  { name: 'set-string', type: 'stringArray', usage: 'values that are text, whatever they look like' },
  { name: 'set-json', type: 'stringArray', usage: 'values as JSON: key={"a": 1}' },
  { name: 'set-file', type: 'stringArray', usage: 'values that are in files: key=path' },
  { name: 'set-literal', type: 'stringArray', usage: 'one value that is taken as it is written' },
];

/** Where a chart comes from when it is not on this machine. */
function chartFlags(home: string): readonly FlagSpec[] {
  return [
    { name: 'repo', type: 'string', usage: 'the URL of the repository that has the chart' },
    { name: 'version', type: 'string', usage: 'the version of the chart, or a range of versions; the newest one if it is not given' },
    { name: 'devel', type: 'bool', usage: 'pre-releases as well, as --version ">0.0.0-0"' },
    { name: 'username', type: 'string', usage: 'the user to be at the repository' },
    { name: 'password', type: 'string', usage: "the user's password" },
    { name: 'pass-credentials', type: 'bool', usage: 'send user and password to other hosts, too, where the repository refers to some' },
    { name: 'ca-file', type: 'string', usage: 'authorities that certificates of servers are checked with' },
    { name: 'cert-file', type: 'string', usage: 'the certificate to show to servers' },
    { name: 'key-file', type: 'string', usage: "the certificate's key" },
    { name: 'insecure-skip-tls-verify', type: 'bool', usage: 'do not check the certificates of servers' },
    { name: 'plain-http', type: 'bool', usage: 'speak HTTP to the registry' },
    { name: 'verify', type: 'bool', usage: 'check the signature of the archive, which is in the file beside it that ends with .prov' },
    { name: 'keyring', type: 'string', usage: 'the public keys that signatures are checked with', default: `${home}/.gnupg/pubring.gpg` },
  ];
}

/** Flags of an installation that change nothing of what is printed: scripts have them. */
const accepted: readonly FlagSpec[] = [
  ...(
    [
      'atomic',
      'create-namespace',
      'disable-openapi-validation',
      'enable-dns',
      'force',
      'force-conflicts',
      'force-replace',
      'hide-notes',
      'render-subchart-notes',
      'replace',
      'rollback-on-failure',
      'server-side',
      'skip-crds',
      'take-ownership',
      'wait-for-jobs',
    ] as const
  ).map((name): FlagSpec => ({ name, type: 'bool', usage: 'accepted for scripts, without an effect', hidden: true })),
  { name: 'description', type: 'string', usage: 'accepted for scripts, without an effect', hidden: true },
  { name: 'labels', shorthand: 'l', type: 'stringArray', usage: 'accepted for scripts, without an effect', hidden: true },
  { name: 'wait', type: 'string', usage: 'accepted for scripts, without an effect', bare: 'watcher', hidden: true },
];

/** `sluice helm`, and what is below it. */
export function helmCommand(home: string): CommandSpec {
  return {
    name: 'helm',
    short: 'Render charts as Helm does, and look into releases',
    commands: [templateCommand(home), showCommand(home), getCommand],
  };
}

function templateCommand(home: string): CommandSpec {
  return {
    name: 'template',
    args: '[NAME] CHART',
    short: 'Print what a chart renders to',
    long: `Prints what a chart renders to, byte for byte as helm template prints it. CHART is a directory or an archive, a name with
--repo, an URL of an archive, oci://registry/repository, or repository/name of a repository that Helm knows on this machine.
No cluster is asked, unless with --dry-run=server: its version and API versions are what the flags say.`,
    example: `  # A chart in a directory, with values
  sluice helm template web charts/web -n apps -f prod.yaml --set image.tag=v2

  # Of a registry, the newest version in a range
  sluice helm template web oci://ghcr.io/stefanprodan/charts/podinfo --version 6.x

  # One of its templates, for a certain version of Kubernetes, as Helm 3 renders it
  sluice helm template web web-1.0.0.tgz -s templates/deployment.yaml --kube-version 1.33 --helm-version 3`,
    flags: [
      namespace,
      ...valuesFlags,
      ...chartFlags(home),
      { name: 'dependency-update', type: 'bool', usage: 'fetch dependencies that are missing below charts/; nothing is written there' },
      { name: 'generate-name', shorthand: 'g', type: 'bool', usage: 'leave NAME out; the name is release-name then' },
      { name: 'name-template', type: 'string', usage: 'a template that makes the name' },
      { name: 'include-crds', type: 'bool', usage: 'print the CRDs of the chart as well' },
      { name: 'is-upgrade', type: 'bool', usage: 'render for an upgrade, not for an installation' },
      { name: 'no-hooks', type: 'bool', usage: 'leave out hooks' },
      { name: 'skip-tests', type: 'bool', usage: 'leave out tests' },
      { name: 'skip-schema-validation', type: 'bool', usage: "do not check values against the chart's schema" },
      { name: 'kube-version', type: 'string', usage: 'the version of Kubernetes in .Capabilities.KubeVersion' },
      { name: 'api-versions', shorthand: 'a', type: 'strings', usage: 'more versions in .Capabilities.APIVersions' },
      { name: 'show-only', shorthand: 's', type: 'stringArray', usage: 'print the manifests of these templates only' },
      { name: 'output-dir', type: 'string', usage: 'write each template into a file below this directory' },
      { name: 'release-name', type: 'bool', usage: 'with --output-dir: below a directory with the name of the release' },
      { name: 'post-renderer', type: 'string', usage: 'a program that changes the manifests: from its standard input to its output' },
      { name: 'post-renderer-args', type: 'stringArray', usage: 'an argument of that program' },
      {
        name: 'dry-run',
        type: 'string',
        usage: 'client, or server: ask the cluster for its capabilities, for what templates look up, and for the kinds it has',
        default: 'client',
        bare: 'client',
        oneOf: ['client', 'server', 'none', 'true', 'false'],
      },
      { name: 'validate', type: 'bool', usage: 'as --dry-run=server', hidden: true },
      { name: 'debug', type: 'bool', usage: 'tell which chart was found' },
      { name: 'helm-version', type: 'string', usage: '3 or 4: whose behaviour', default: '4', oneOf: ['3', '4'] },
      ...accepted,
    ],
    load: () => import('../commands/helm-template.js'),
  };
}

function showCommand(home: string): CommandSpec {
  const part = (name: 'all' | 'chart' | 'crds' | 'readme' | 'values', short: string): CommandSpec => ({
    name,
    args: 'CHART',
    short,
    flags: chartFlags(home),
    load: async () => ({ run: (await import('../commands/helm-show.js')).show(name) }),
  });
  return {
    name: 'show',
    aliases: ['inspect'],
    short: 'Show what is in a chart',
    commands: [
      part('all', 'Print all that there is to show'),
      part('chart', "Print a chart's Chart.yaml"),
      part('crds', "Print a chart's CRDs"),
      part('readme', "Print a chart's README"),
      part('values', "Print a chart's values.yaml"),
    ],
  };
}

function releasePart(name: 'all' | 'hooks' | 'manifest' | 'notes', short: string): CommandSpec {
  return { name, args: 'RELEASE', short, load: async () => ({ run: (await import('../commands/helm-get.js')).get(name) }) };
}

const getCommand: CommandSpec = {
  name: 'get',
  short: 'Get what a release was made of',
  persistentFlags: [namespace, { name: 'revision', type: 'int', usage: 'the revision of the release; the last one if it is not given' }],
  commands: [
    {
      name: 'values',
      args: 'RELEASE',
      short: 'Print the values of a release',
      flags: [
        { name: 'all', shorthand: 'a', type: 'bool', usage: "the chart's defaults as well" },
        {
          name: 'output',
          shorthand: 'o',
          type: 'string',
          usage: 'table, yaml or json',
          default: 'table',
          oneOf: ['table', 'yaml', 'json'],
        },
      ],
      load: async () => ({ run: (await import('../commands/helm-get.js')).getValues }),
    },
    releasePart('all', 'Print everything about a release'),
    releasePart('hooks', 'Print the hooks of a release'),
    releasePart('manifest', 'Print the manifests of a release'),
    releasePart('notes', 'Print the notes of a release'),
  ],
};
