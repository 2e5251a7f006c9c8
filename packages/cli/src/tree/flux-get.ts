import type { CommandSpec, Invocation } from '../command-line/index.js';
import type { FluxKind } from '../kinds/index.js';
import type { KindName } from './kind-commands.js';

type Kinds = typeof import('../kinds/index.js');

const showSource = (what: string) => ({ name: 'show-source', type: 'bool', usage: `show the source reference for each ${what}` }) as const;

function getOne(name: string, kind: KindName, short: string, more: Partial<CommandSpec> = {}): CommandSpec {
  return { name, short, completes: kind, load: () => loadGet((kinds) => kinds[kind]), ...more };
}

async function loadGet(pick: (kinds: Kinds) => FluxKind): Promise<{ run: (invocation: Invocation) => Promise<void> }> {
  const [{ getKind }, kinds] = await Promise.all([import('../commands/get.js'), import('../kinds/index.js')]);
  return { run: (invocation) => getKind(pick(kinds), invocation) };
}

function getAll(short: string, pick: (kinds: Kinds) => readonly FluxKind[], example: string): CommandSpec {
  return {
    name: 'all',
    short,
    example,
    load: async () => {
      const [{ getKinds }, kinds] = await Promise.all([import('../commands/get.js'), import('../kinds/index.js')]);
      return { run: (invocation) => getKinds(pick(kinds), invocation) };
    },
  };
}

/** `get …`. */
export const getCommand: CommandSpec = {
  name: 'get',
  short: 'Get the resources and their status',
  long: 'The get sub-commands print the statuses of Flux resources.',
  persistentFlags: [
    { name: 'all-namespaces', shorthand: 'A', type: 'bool', usage: 'list the requested object(s) across all namespaces' },
    { name: 'no-header', type: 'bool', usage: 'skip the header when printing the results' },
    { name: 'watch', shorthand: 'w', type: 'bool', usage: 'After listing/getting the requested object, watch for changes.' },
    {
      name: 'status-selector',
      type: 'string',
      usage: 'specify the status condition name and the desired state to filter the get result, e.g. ready=false or ready!=true',
    },
    { name: 'label-selector', shorthand: 'l', type: 'string', usage: 'filter objects by label selector' },
    {
      name: 'output',
      shorthand: 'o',
      type: 'string',
      usage: 'print the objects themselves: json or yaml',
      // Flux has no such flag, and people compare its --help.
      hidden: true,
    },
  ],
  commands: [
    getOne('alert-providers', 'alertProvider', 'Get Provider statuses', { aliases: ['alert-provider'] }),
    getOne('alerts', 'alert', 'Get Alert statuses', { aliases: ['alert'] }),
    getAll('Get all resources and statuses', (kinds) => kinds.allKinds, '  # Everything, in all namespaces\n  flux get all -A'),
    {
      name: 'artifacts',
      aliases: ['artifact'],
      short: 'Get artifact object status',
      commands: [getOne('generators', 'artifactGenerator', 'Get artifact generator statuses', { aliases: ['generator'] })],
    },
    getOne('helmreleases', 'helmRelease', 'Get HelmRelease statuses', {
      aliases: ['hr', 'helmrelease'],
      flags: [showSource('helmrelease')],
    }),
    {
      name: 'images',
      aliases: ['image'],
      short: 'Get image automation object status',
      commands: [
        getAll('Get all image statuses', (kinds) => kinds.imageKinds, '  # All image objects in all namespaces\n  flux get images all -A'),
        getOne('policy', 'imagePolicy', 'Get ImagePolicy status'),
        getOne('repository', 'imageRepository', 'Get ImageRepository status'),
        getOne('update', 'imageUpdateAutomation', 'Get ImageUpdateAutomation status'),
      ],
    },
    getOne('kustomizations', 'kustomization', 'Get Kustomization statuses', {
      aliases: ['ks', 'kustomization'],
      flags: [showSource('kustomization')],
      example: '  # What is not ready, anywhere\n  flux get kustomizations -A --status-selector ready=false',
    }),
    getOne('receivers', 'receiver', 'Get Receiver statuses', { aliases: ['receiver'] }),
    {
      name: 'sources',
      aliases: ['source'],
      short: 'Get source statuses',
      commands: [
        getAll('Get all source statuses', (kinds) => kinds.sourceKinds, '  # All sources in all namespaces\n  flux get sources all -A'),
        getOne('bucket', 'bucket', 'Get Bucket source statuses'),
        getOne('chart', 'helmChart', 'Get HelmChart statuses'),
        getOne('external', 'externalArtifact', 'Get ExternalArtifact source statuses'),
        getOne('git', 'gitRepository', 'Get GitRepository source statuses', {
          example: '  # Follow the Git repositories of a namespace\n  flux get sources git -n apps --watch',
        }),
        getOne('helm', 'helmRepository', 'Get HelmRepository source statuses'),
        getOne('oci', 'ociRepository', 'Get OCIRepository status'),
      ],
    },
  ],
};
