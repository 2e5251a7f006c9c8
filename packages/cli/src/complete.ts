import { FlagValues, flagsOf, parseLine, commandOf, type CommandPath, type CommandSpec, type FlagSpec } from './command-line/index.js';
import { connect, selectedNamespace } from './connection.js';
import type { Terminal } from './terminal.js';

/** How long a person may be kept waiting for names. */
const PATIENCE_MS = 3000;

/**
 * What may stand in the place of the last of some words, a line each with what it is after a tab: commands, flags, values of flags,
 * and names of objects in the cluster. Nothing where nothing is known: completion never fails.
 */
export async function complete(root: CommandSpec, words: readonly string[], terminal: Terminal): Promise<readonly string[]> {
  const before = words.slice(0, -1);
  const word = words.at(-1) ?? '';
  const line = tolerantLine(root, before);
  if (line === undefined) return [];
  const { path, flags, args } = line;
  const { own, inherited } = flagsOf(path);
  const specs = [...own, ...inherited];
  const pending = specs.find((spec) => takesValue(spec) && [`--${spec.name}`, `-${spec.shorthand ?? ''}`].includes(before.at(-1) ?? ''));
  if (pending !== undefined) return starting(await valuesOf(pending, flags, terminal), word);
  const assigned = /^--([^=]+)=(.*)$/.exec(word);
  if (assigned !== null) {
    const spec = specs.find(({ name }) => name === assigned[1]);
    const values = spec === undefined ? [] : await valuesOf(spec, flags, terminal);
    return starting(values, assigned[2] ?? '').map((value) => `--${assigned[1]}=${value}`);
  }
  if (word.startsWith('-')) {
    const shown = specs.filter(({ hidden, deprecated }) => hidden !== true && deprecated === undefined);
    return starting(shown.map(({ name, usage }) => `--${name}\t${usage}`).toSorted(), word);
  }
  const command = commandOf(path);
  const children = (command.commands ?? []).filter(({ hidden }) => hidden !== true);
  if (children.length > 0 && args.length === 0) return starting(children.map(({ name, short }) => `${name}\t${short}`).toSorted(), word);
  return command.completes === undefined ? [] : starting(await objectNames(command.completes, flags, terminal), word);
}

/** The line so far; a flag at its end that waits for its value is left out. */
function tolerantLine(
  root: CommandSpec,
  words: readonly string[],
): { path: CommandPath; flags: FlagValues; args: readonly string[] } | undefined {
  for (const attempt of [words, words.slice(0, -1)]) {
    try {
      return parseLine(root, attempt);
    } catch {
      // With one word less, perhaps.
    }
  }
  return undefined;
}

function takesValue({ type, bare }: FlagSpec): boolean {
  return type !== 'bool' && bare === undefined;
}

async function valuesOf(spec: FlagSpec, flags: FlagValues, terminal: Terminal): Promise<readonly string[]> {
  if (spec.oneOf !== undefined) return spec.oneOf;
  if (spec.typeName?.includes('|') === true) return spec.typeName.split('|');
  if (spec.name === 'namespace') return namesOf({ apiVersion: 'v1', kind: 'Namespace' }, flags, terminal);
  if (spec.name === 'context') return contextNames(flags, terminal);
  return [];
}

async function objectNames(kindName: string, flags: FlagValues, terminal: Terminal): Promise<readonly string[]> {
  const kinds: Readonly<Record<string, unknown>> = await import('./kinds/index.js');
  const { apiVersion, kind } = kinds[kindName] as { apiVersion: string; kind: string };
  return namesOf({ apiVersion, kind, namespace: selectedNamespace(flags) }, flags, terminal);
}

async function namesOf(
  kind: { apiVersion: string; kind: string; namespace?: string },
  flags: FlagValues,
  terminal: Terminal,
): Promise<readonly string[]> {
  try {
    const { cluster, close } = await connect({ flags, terminal });
    try {
      const { items } = await cluster.list(kind, { as: 'metadata', timeoutMs: PATIENCE_MS });
      return items.map(({ metadata }) => metadata.name ?? '').toSorted();
    } finally {
      await close();
    }
  } catch {
    return [];
  }
}

async function contextNames(flags: FlagValues, terminal: Terminal): Promise<readonly string[]> {
  const { readKubeconfig } = await import('@sluice/kube');
  const path = flags.string('kubeconfig');
  try {
    const kubeconfig = await readKubeconfig({ ...(path === '' ? {} : { path }), env: terminal.environment });
    return (kubeconfig?.contexts ?? []).map(({ name }) => name);
  } catch {
    return [];
  }
}

function starting(candidates: readonly string[], word: string): readonly string[] {
  return candidates.filter((candidate) => candidate.startsWith(word));
}
