import { errorMessage, SluiceError } from '@sluice/core';
import {
  ChangesFound,
  commandOf,
  flagsOf,
  helpText,
  parseLine,
  type CommandPath,
  type CommandSpec,
  type FlagValues,
} from './command-line/index.js';
import type { Terminal } from './terminal.js';
import { rootCommand } from './tree/root.js';
import { FLUX_VERSION, SLUICE_VERSION } from './versions.js';

/** Runs a command line and returns the exit code of the process. */
export async function main(program: string, argv: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  const root = rootCommand(program, terminal.environment);
  let failureCode = 1;
  try {
    const [first, ...words] = argv;
    if (first === '__complete') {
      const { complete } = await import('./complete.js');
      terminal.out((await complete(root, words, terminal)).map((candidate) => `${candidate}\n`).join(''));
      return 0;
    }
    if (first !== undefined && isUnknown(first, root)) {
      const { runPlugin } = await import('./plugins.js');
      const code = await runPlugin(first, words, terminal.environment);
      if (code !== undefined) return code;
    }
    const { path, args, flags } = parseLine(root, argv);
    const { load, failureCode: own = failureCode } = commandOf(path);
    failureCode = own;
    if (path.length === 1 && flags.bool('version')) {
      terminal.out(program === 'flux' ? `flux version ${FLUX_VERSION}\n` : `sluice version ${SLUICE_VERSION} (flux ${FLUX_VERSION})\n`);
      return 0;
    }
    if (flags.bool('help') || load === undefined) {
      terminal.out(helpText(path));
      return 0;
    }
    tellDeprecated(path, flags, terminal);
    checkNamespace(flags.string('namespace'));
    const { run } = await load();
    await run({ args, flags: await inContextNamespace(flags, terminal), terminal, program, root, signal });
    return 0;
  } catch (error) {
    if (error instanceof ChangesFound) {
      terminal.warning(error.message);
      return 1;
    }
    terminal.failure(explained(error));
    return signal.aborted ? 130 : failureCode;
  }
}

/** Whether a word could only be the name of a plugin. */
function isUnknown(word: string, { commands = [] }: CommandSpec): boolean {
  return /^[a-z0-9]/.test(word) && !commands.some(({ name, aliases }) => name === word || aliases?.includes(word));
}

function tellDeprecated(path: CommandPath, flags: FlagValues, terminal: Terminal): void {
  for (const { name, deprecated } of flagsOf(path).own) {
    if (deprecated !== undefined && flags.changed(name)) terminal.note(`Flag --${name} has been deprecated, ${deprecated}\n`);
  }
}

/** With --ns-follows-kube-context the namespace of the kubeconfig's context takes the place of the default one. */
async function inContextNamespace(flags: FlagValues, terminal: Terminal): Promise<FlagValues> {
  const isWanted = flags.bool('ns-follows-kube-context') || (terminal.environment['FLUX_NS_FOLLOWS_KUBE_CONTEXT'] ?? '') !== '';
  if (!isWanted || flags.changed('namespace')) return flags;
  const { contextNamespace } = await import('./connection.js');
  const namespace = await contextNamespace({ flags, terminal });
  return namespace === undefined ? flags : flags.with('namespace', namespace);
}

/** What went wrong, and what to do about it where that is not said already. */
function explained(error: unknown): string {
  const message = errorMessage(error);
  if (!(error instanceof SluiceError)) return message;
  switch (error.reason) {
    case 'KubeKindUnknown':
      return `${message}; are the custom resource definitions there, in this version? \`flux check\` looks, \`flux install\` brings them`;
    case 'KubeUnreachable':
      return `${message}; is this the right --context? \`sluice up\` starts a cluster on this machine`;
    default:
      return message;
  }
}

function checkNamespace(namespace: string): void {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace))
    throw new Error(`namespace must be a valid DNS label: ${JSON.stringify(namespace)}`);
}
