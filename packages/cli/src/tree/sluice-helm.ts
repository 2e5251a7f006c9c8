import type { CommandSpec, FlagSpec } from '../command-line/index.js';

const namespace: FlagSpec = {
  name: 'namespace',
  shorthand: 'n',
  type: 'string',
  usage: 'the namespace of the release',
  default: 'default',
};

const valuesFlags: readonly FlagSpec[] = [
  { name: 'values', shorthand: 'f', type: 'stringArray', usage: 'a YAML file with values (can be repeated; the last one wins)' },
  { name: 'set', type: 'stringArray', usage: 'values: key1=val1,key2=val2' },
  { name: 'set-string', type: 'stringArray', usage: 'values that are text, whatever they look like' },
  { name: 'set-json', type: 'stringArray', usage: 'values as JSON: key={"a": 1}' },
  { name: 'set-file', type: 'stringArray', usage: 'values that are in files: key=path' },
  { name: 'set-literal', type: 'stringArray', usage: 'one value that is taken as it is written' },
];

export const helmCommand: CommandSpec = {
  name: 'helm',
  short: 'Render charts as Helm does, and look into releases',
  commands: [
    {
      name: 'template',
      args: '[NAME] CHART',
      short: 'Print what a chart renders to',
      long: `Prints what a chart renders to, byte for byte as helm template prints it. CHART is a directory or an archive.
No cluster is asked: its version and API versions are what the flags say.`,
      example: `  # A chart in a directory, with values
  sluice helm template web charts/web -n apps -f prod.yaml --set image.tag=v2

  # One of its templates, for a certain version of Kubernetes, as Helm 3 renders it
  sluice helm template web web-1.0.0.tgz -s templates/deployment.yaml --kube-version 1.33 --helm-version 3`,
      flags: [
        namespace,
        ...valuesFlags,
        { name: 'include-crds', type: 'bool', usage: 'print the CRDs of the chart as well' },
        { name: 'is-upgrade', type: 'bool', usage: 'render for an upgrade, not for an installation' },
        { name: 'no-hooks', type: 'bool', usage: 'leave out hooks' },
        { name: 'skip-tests', type: 'bool', usage: 'leave out tests' },
        { name: 'skip-schema-validation', type: 'bool', usage: "do not check values against the chart's schema" },
        { name: 'kube-version', type: 'string', usage: 'the version of Kubernetes in .Capabilities.KubeVersion' },
        { name: 'api-versions', shorthand: 'a', type: 'strings', usage: 'more versions in .Capabilities.APIVersions' },
        { name: 'show-only', shorthand: 's', type: 'stringArray', usage: 'print the manifests of these templates only' },
        { name: 'helm-version', type: 'string', usage: '3 or 4: whose behaviour', default: '4', oneOf: ['3', '4'] },
      ],
      load: () => import('../commands/helm-template.js'),
    },
    {
      name: 'show',
      short: 'Show what is in a chart',
      commands: [
        {
          name: 'values',
          args: 'CHART',
          short: "Print a chart's values.yaml",
          load: () => import('../commands/helm-show-values.js'),
        },
      ],
    },
    {
      name: 'get',
      short: 'Get what a release was made of',
      persistentFlags: [
        namespace,
        { name: 'revision', type: 'int', usage: 'the revision of the release; the last one if it is not given' },
      ],
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
          load: () => import('../commands/helm-get-values.js'),
        },
        {
          name: 'manifest',
          args: 'RELEASE',
          short: 'Print the manifests of a release',
          load: () => import('../commands/helm-get-manifest.js'),
        },
      ],
    },
  ],
};
