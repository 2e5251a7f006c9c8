import type { CommandSpec } from '../command-line/index.js';
import { bool } from './flag-builders.js';
import { kindCommands, type Act, type KindWord } from './kind-commands.js';

const reconcile = async (): Promise<Act> => (await import('../commands/reconcile.js')).reconcileKind;
const suspend = async (): Promise<Act> => (await import('../commands/suspend.js')).suspendKind;
const resume = async (): Promise<Act> => (await import('../commands/resume.js')).resumeKind;
const remove = async (): Promise<Act> => (await import('../commands/delete.js')).deleteKind;
const exportObjects = async (): Promise<Act> => (await import('../commands/export.js')).exportKind;

/** `a Bucket`, `an Alert`. */
const withArticle = ({ title }: KindWord): string => `${/^[AEIO]/.test(title) ? 'an' : 'a'} ${title}`;

/** What Flux calls an object of a kind: a Bucket is a source. */
const noun = ({ words }: KindWord): string => (words.startsWith('source') ? 'source' : words.startsWith('image') ? 'object' : 'resource');

/** Kinds that `reconcile` calls by their name alone. */
const PLAIN: ReadonlySet<string> = new Set(['image policy', 'image repository', 'image update', 'receiver', 'source oci']);

const withSource = (title: string) => [bool('with-source', `reconcile ${title} source`)];

/** What the commands of some kinds take in addition, with how they are used. */
const RECONCILE: Readonly<Record<string, Partial<CommandSpec>>> = {
  kustomization: {
    flags: withSource('Kustomization'),
    example: '  # Fetch the latest commit and apply it, now\n  flux reconcile kustomization apps --with-source',
  },
  helmrelease: {
    flags: [
      ...withSource('HelmRelease'),
      bool('force', 'force a one-off install or upgrade of the HelmRelease resource'),
      bool('reset', 'reset the failure count for this HelmRelease resource'),
    ],
    example: `  # Install or upgrade, though nothing has changed
  flux reconcile hr podinfo --force

  # Try again after the retries are used up
  flux reconcile hr podinfo --reset`,
  },
  'source chart': { flags: withSource('HelmChart') },
};

export const reconcileCommand: CommandSpec = {
  name: 'reconcile',
  short: 'Reconcile sources and resources',
  long: 'The reconcile sub-commands trigger a reconciliation of sources and resources.',
  commands: kindCommands({
    verb: 'Reconcile',
    load: reconcile,
    without: ['alert', 'alert-provider', 'artifact generator', 'source external'],
    short: (word) => `Reconcile ${withArticle(word)}${PLAIN.has(word.words) ? '' : ` ${noun(word)}`}`,
    more: ({ words }) => RECONCILE[words] ?? {},
  }),
};

export const suspendCommand: CommandSpec = {
  name: 'suspend',
  short: 'Suspend resources',
  long: 'The suspend sub-commands suspend the reconciliation of a resource.',
  persistentFlags: [bool('all', 'suspend all resources in that namespace')],
  commands: kindCommands({
    verb: 'Suspend',
    load: suspend,
    without: ['artifact generator', 'source external'],
    short: (word) => `Suspend reconciliation of ${word.words.includes(' ') ? withArticle(word) : word.title}`,
    more: ({ words }) => ({
      example: `  # Leave one alone\n  flux suspend ${words} podinfo\n\n  # Leave all of a namespace alone\n  flux suspend ${words} --all -n apps`,
    }),
  }),
};

export const resumeCommand: CommandSpec = {
  name: 'resume',
  short: 'Resume suspended resources',
  long: 'The resume sub-commands resume a suspended resource.',
  persistentFlags: [
    bool('all', 'resume all resources in that namespace'),
    bool('wait', 'waits for one resource to reconcile before moving to the next one'),
  ],
  commands: kindCommands({
    verb: 'Resume',
    load: resume,
    without: ['artifact generator', 'source external'],
    short: ({ title }) => `Resume a suspended ${title}`,
    more: ({ words }) => ({
      example: `  # Go on with one, and wait for it\n  flux resume ${words} podinfo\n\n  # Go on with all of a namespace\n  flux resume ${words} --all -n apps`,
    }),
  }),
};

export const deleteCommand: CommandSpec = {
  name: 'delete',
  short: 'Delete sources and resources',
  long: 'The delete sub-commands delete sources and resources. What a Kustomization or a HelmRelease has applied goes with it.',
  persistentFlags: [bool('silent', 'delete resource without asking for confirmation', { shorthand: 's' })],
  commands: kindCommands({
    verb: 'Delete',
    load: remove,
    without: ['artifact generator', 'source external'],
    short: (word) => `Delete ${withArticle(word)} ${noun(word)}`,
    more: ({ words }) => ({ example: `  flux delete ${words} podinfo` }),
  }),
};

export const exportCommand: CommandSpec = {
  name: 'export',
  short: 'Export resources in YAML format',
  long: 'The export sub-commands print resources as the manifests that would make them again.',
  persistentFlags: [bool('all', 'select all resources')],
  commands: kindCommands({
    verb: 'Export',
    load: exportObjects,
    short: (word) => `Export ${word.title} ${noun(word) === 'source' ? 'sources' : 'resources'} in YAML format`,
    more: ({ words }) => ({
      example: `  # One\n  flux export ${words} podinfo > podinfo.yaml\n\n  # All of the namespace\n  flux export ${words} --all > all.yaml`,
    }),
    group: { source: { persistentFlags: [bool('with-credentials', 'include credential secrets')] } },
  }),
};
