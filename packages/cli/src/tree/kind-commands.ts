import type { CommandSpec, RunCommand } from '../command-line/index.js';
import type { FluxKind } from '../kinds/index.js';

type Kinds = typeof import('../kinds/index.js');
/** The names under which `kinds` exports the kinds. */
export type KindName = { [Name in keyof Kinds]: Kinds[Name] extends FluxKind ? Name : never }[keyof Kinds];

/** What a command does with objects of one kind. */
export type Act = (kind: FluxKind, ...rest: Parameters<RunCommand>) => ReturnType<RunCommand>;

/** A kind by its words on the command line. */
export interface KindWord {
  /** `kustomization`, `source git`. */
  readonly words: string;
  readonly kind: KindName;
  /** As the API calls it. */
  readonly title: string;
  readonly aliases?: readonly string[];
}

/** Every kind by its words, in the order that `--help` has them. */
export const kindWords: readonly KindWord[] = [
  { words: 'alert', kind: 'alert', title: 'Alert' },
  { words: 'alert-provider', kind: 'alertProvider', title: 'Provider' },
  { words: 'artifact generator', kind: 'artifactGenerator', title: 'ArtifactGenerator' },
  { words: 'helmrelease', kind: 'helmRelease', title: 'HelmRelease', aliases: ['hr'] },
  { words: 'image policy', kind: 'imagePolicy', title: 'ImagePolicy' },
  { words: 'image repository', kind: 'imageRepository', title: 'ImageRepository' },
  { words: 'image update', kind: 'imageUpdateAutomation', title: 'ImageUpdateAutomation' },
  { words: 'kustomization', kind: 'kustomization', title: 'Kustomization', aliases: ['ks'] },
  { words: 'receiver', kind: 'receiver', title: 'Receiver' },
  { words: 'source bucket', kind: 'bucket', title: 'Bucket' },
  { words: 'source chart', kind: 'helmChart', title: 'HelmChart' },
  { words: 'source external', kind: 'externalArtifact', title: 'ExternalArtifact' },
  { words: 'source git', kind: 'gitRepository', title: 'GitRepository' },
  { words: 'source helm', kind: 'helmRepository', title: 'HelmRepository' },
  { words: 'source oci', kind: 'ociRepository', title: 'OCIRepository' },
];

const GROUPS: Readonly<Record<string, string>> = { artifact: 'artifact objects', image: 'image automation objects', source: 'sources' };

interface KindCommands {
  /** `Delete`: how the short texts begin. */
  readonly verb: string;
  readonly load: () => Promise<Act>;
  /** The words that the command has not. */
  readonly without?: readonly string[];
  readonly short: (word: KindWord) => string;
  /** What the command of a kind has in addition. */
  readonly more?: (word: KindWord) => Partial<CommandSpec>;
  /** What a group of kinds has in addition. */
  readonly group?: Readonly<Record<string, Partial<CommandSpec>>>;
}

/** The sub-commands of a command that works with objects of any kind, by name: `suspend kustomization`, `suspend source git`. */
export function kindCommands({ verb, load, without = [], short, more, group = {} }: KindCommands): CommandSpec[] {
  const commands: CommandSpec[] = [];
  for (const word of kindWords.filter(({ words }) => !without.includes(words))) {
    const [first = '', second] = word.words.split(' ');
    const command: CommandSpec = {
      name: second ?? first,
      args: '[name]',
      short: short(word),
      ...(word.aliases === undefined ? {} : { aliases: word.aliases }),
      completes: word.kind,
      load: async () => {
        const [act, kinds] = await Promise.all([load(), import('../kinds/index.js')]);
        return { run: (invocation) => act(kinds[word.kind], invocation) };
      },
      ...more?.(word),
    };
    if (second === undefined) {
      commands.push(command);
      continue;
    }
    const siblings = commands.find(({ name }) => name === first);
    const together = [...(siblings?.commands ?? []), command];
    const whole: CommandSpec = { name: first, short: `${verb} ${GROUPS[first] ?? first}`, ...group[first], commands: together };
    if (siblings === undefined) commands.push(whole);
    else commands[commands.indexOf(siblings)] = whole;
  }
  return commands;
}
