import type { CommandSpec, RunCommand } from '../command-line/index.js';
import type { FluxKind } from '../kinds/index.js';

type Kinds = typeof import('../kinds/index.js');
type PickKind = (kinds: Kinds) => FluxKind;
type Act = (kind: FluxKind, ...rest: Parameters<RunCommand>) => ReturnType<RunCommand>;

/** A command on objects of one kind, by name. */
function onKind(name: string, pick: PickKind, short: string, loadAct: () => Promise<Act>, more: Partial<CommandSpec> = {}): CommandSpec {
  return {
    name,
    args: '[name]',
    short,
    load: async () => {
      const [act, kinds] = await Promise.all([loadAct(), import('../kinds/index.js')]);
      return { run: (invocation) => act(pick(kinds), invocation) };
    },
    ...more,
  };
}

const reconcile = async (): Promise<Act> => (await import('../commands/reconcile.js')).reconcileKind;
const suspend = async (): Promise<Act> => (await import('../commands/suspend.js')).suspendKind;
const resume = async (): Promise<Act> => (await import('../commands/resume.js')).resumeKind;

/** The sources by the words of the command line, with the kind and its article. */
const sources: readonly [word: string, pick: PickKind, kind: string][] = [
  ['bucket', (kinds) => kinds.bucket, 'a Bucket'],
  ['chart', (kinds) => kinds.helmChart, 'a HelmChart'],
  ['git', (kinds) => kinds.gitRepository, 'a GitRepository'],
  ['helm', (kinds) => kinds.helmRepository, 'a HelmRepository'],
  ['oci', (kinds) => kinds.ociRepository, 'an OCIRepository'],
];

export const reconcileCommand: CommandSpec = {
  name: 'reconcile',
  short: 'Reconcile sources and resources',
  long: 'The reconcile sub-commands trigger a reconciliation of sources and resources.',
  commands: [
    onKind('kustomization', (kinds) => kinds.kustomization, 'Reconcile a Kustomization resource', reconcile, {
      aliases: ['ks'],
      flags: [{ name: 'with-source', type: 'bool', usage: 'reconcile Kustomization source' }],
      example: '  # Fetch the latest commit and apply it, now\n  flux reconcile kustomization apps --with-source',
    }),
    {
      name: 'source',
      short: 'Reconcile sources',
      commands: sources
        .filter(([word]) => word !== 'chart')
        .map(([word, pick, kind]) => onKind(word, pick, `Reconcile ${kind}${word === 'oci' ? '' : ' source'}`, reconcile)),
    },
  ],
};

interface OtherKind {
  readonly word: string;
  readonly pick: PickKind;
  readonly kind: string;
  readonly aliases?: readonly string[];
}

const others: readonly OtherKind[] = [
  { word: 'alert', pick: (kinds) => kinds.alert, kind: 'Alert' },
  { word: 'alert-provider', pick: (kinds) => kinds.alertProvider, kind: 'Provider' },
  { word: 'helmrelease', pick: (kinds) => kinds.helmRelease, kind: 'HelmRelease', aliases: ['hr'] },
  { word: 'kustomization', pick: (kinds) => kinds.kustomization, kind: 'Kustomization', aliases: ['ks'] },
  { word: 'receiver', pick: (kinds) => kinds.receiver, kind: 'Receiver' },
];

const images: readonly [word: string, pick: PickKind, kind: string][] = [
  ['policy', (kinds) => kinds.imagePolicy, 'an ImagePolicy'],
  ['repository', (kinds) => kinds.imageRepository, 'an ImageRepository'],
  ['update', (kinds) => kinds.imageUpdateAutomation, 'an ImageUpdateAutomation'],
];

export const suspendCommand: CommandSpec = {
  name: 'suspend',
  short: 'Suspend resources',
  long: 'The suspend sub-commands suspend the reconciliation of a resource.',
  persistentFlags: [{ name: 'all', type: 'bool', usage: 'suspend all resources in that namespace' }],
  commands: [
    ...others.map(({ word, pick, kind, aliases }) =>
      onKind(word, pick, `Suspend reconciliation of ${kind}`, suspend, {
        ...(aliases === undefined ? {} : { aliases }),
        example: `  # Leave one alone\n  flux suspend ${word} podinfo\n\n  # Leave all of a namespace alone\n  flux suspend ${word} --all -n apps`,
      }),
    ),
    {
      name: 'image',
      short: 'Suspend image automation objects',
      commands: images.map(([word, pick, kind]) =>
        onKind(word, pick, word === 'policy' ? 'Suspend an ImagePolicy' : `Suspend reconciliation of ${kind}`, suspend),
      ),
    },
    {
      name: 'source',
      short: 'Suspend sources',
      commands: sources.map(([word, pick, kind]) => onKind(word, pick, `Suspend reconciliation of ${kind}`, suspend)),
    },
  ],
};

export const resumeCommand: CommandSpec = {
  name: 'resume',
  short: 'Resume suspended resources',
  long: 'The resume sub-commands resume a suspended resource.',
  persistentFlags: [
    { name: 'all', type: 'bool', usage: 'resume all resources in that namespace' },
    { name: 'wait', type: 'bool', usage: 'waits for one resource to reconcile before moving to the next one' },
  ],
  commands: [
    ...others.map(({ word, pick, kind, aliases }) =>
      onKind(word, pick, `Resume a suspended ${kind}`, resume, {
        ...(aliases === undefined ? {} : { aliases }),
        example: `  # Go on with one, and wait for it\n  flux resume ${word} podinfo\n\n  # Go on with all of a namespace\n  flux resume ${word} --all -n apps`,
      }),
    ),
    {
      name: 'image',
      short: 'Resume image automation objects',
      commands: images.map(([word, pick, kind]) =>
        onKind(word, pick, word === 'policy' ? 'Resume an ImagePolicy' : `Resume a suspended ${kind.replace(/^an? /, '')}`, resume),
      ),
    },
    {
      name: 'source',
      short: 'Resume sources',
      commands: sources.map(([word, pick, kind]) => onKind(word, pick, `Resume a suspended ${kind.replace(/^an? /, '')}`, resume)),
    },
  ],
};
