import { spawn, type ChildProcess } from 'node:child_process';
import { SluiceError } from '@sluice/core';
import { redact } from './redact.js';

/** Git settings as `key` and `value`; they go to the process by its environment, never by its arguments. */
export type GitConfig = readonly (readonly [key: string, value: string])[];

export interface GitCommand {
  /** Fixed words and checked values only: whatever comes from users stands behind `--` or `--end-of-options`. */
  readonly args: readonly string[];
  readonly config?: GitConfig;
  readonly env?: Readonly<Record<string, string>>;
  /** Texts that must not show up in any message. */
  readonly secrets?: readonly string[];
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The largest output that is collected. Default: 64 MiB. */
  readonly maxOutputBytes?: number;
  /** Asked a few times a second; an error ends the command with it. */
  readonly check?: () => SluiceError | undefined;
}

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  /** Redacted. */
  readonly stderr: string;
}

/**
 * The settings of every Git process: no configuration but ours, no hooks, no filters, no helpers, no prompts, no pager,
 * no background maintenance, and objects are checked as they arrive.
 */
const hardened: GitConfig = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.askPass', ''],
  ['credential.helper', ''],
  ['protocol.allow', 'never'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['submodule.recurse', 'false'],
  ['transfer.fsckObjects', 'true'],
  ['transfer.bundleURI', 'false'],
  ['uploadpack.packObjectsHook', ''],
  // Old repositories have these harmless faults; they are no reason to refuse them.
  ['fetch.fsck.zeroPaddedFilemode', 'ignore'],
  ['fetch.fsck.badTimezone', 'ignore'],
  ['fetch.fsck.missingSpaceBeforeDate', 'ignore'],
  ['fetch.fsck.missingEmail', 'ignore'],
  ['fetch.fsck.multipleAuthors', 'ignore'],
  // Blobs above this size are streamed, not held in memory.
  ['core.bigFileThreshold', '8m'],
  ['core.compression', '1'],
  ['fetch.unpackLimit', '1'],
  // A server that drips is given up, well before the timeout of the whole command.
  ['http.lowSpeedLimit', '100'],
  ['http.lowSpeedTime', '30'],
  ['safe.directory', '*'],
  ['advice.detachedHead', 'false'],
];

/** Runs Git to its end. Throws when it can't be run, does not end in time or is stopped; a non-zero code is the caller's to judge. */
export async function runGit(command: GitCommand): Promise<GitResult> {
  const { child, ended } = startGit(command);
  const stdout: Buffer[] = [];
  let size = 0;
  const limit = command.maxOutputBytes ?? 64 * 1024 * 1024;
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) stdout.push(chunk);
    else stop(child);
  });
  const { code, stderr } = await ended;
  if (size > limit) throw new SluiceError('GitTooLarge', `git ${wordOf(command)} printed more than ${limit} bytes`);
  return { code, stdout: Buffer.concat(stdout), stderr };
}

export interface GitProcess {
  readonly child: ChildProcess;
  /** Settles when the process and all it started have ended. */
  readonly ended: Promise<{ readonly code: number; readonly stderr: string }>;
}

/** Starts Git in a process group of its own, which is killed as a whole when the time is up or the signal comes. */
export function startGit(command: GitCommand): GitProcess {
  const settings = [...hardened, ...(command.config ?? [])];
  const env: Record<string, string> = {
    ...inherited(process.env),
    LC_ALL: 'C',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_PAGER: 'cat',
    GIT_CONFIG_COUNT: String(settings.length),
    ...command.env,
  };
  settings.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  const child = spawn('git', [...command.args], { env, cwd: '/', detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<{ code: number; stderr: string }>((resolve, reject) => {
    let stderr = '';
    let stopped: SluiceError | undefined;
    const end = (error: SluiceError): void => {
      stopped ??= error;
      stop(child);
    };
    const timer = setTimeout(() => end(new SluiceError('GitTimeout', timeoutMessage(command))), command.timeoutMs);
    const checker = command.check === undefined ? undefined : setInterval(check, 250, command.check, end);
    const onAbort = (): void => end(new SluiceError('GitFailed', 'the Git operation was cancelled', { cause: command.signal?.reason }));
    if (command.signal?.aborted === true) onAbort();
    else command.signal?.addEventListener('abort', onAbort, { once: true });
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < 16_384) stderr += chunk.toString('utf8');
    });
    child.stdin?.on('error', () => undefined);
    child.on('error', (error: NodeJS.ErrnoException) => {
      settle();
      reject(
        error.code === 'ENOENT'
          ? new SluiceError('GitMissing', 'the program git is not on the PATH: install Git 2.31 or newer')
          : new SluiceError('GitFailed', `git can't be started: ${error.message}`, { cause: error }),
      );
    });
    child.on('close', (code) => {
      settle();
      if (stopped !== undefined) reject(stopped);
      else resolve({ code: code ?? -1, stderr: redact(stderr, command.secrets ?? []) });
    });
    function settle(): void {
      clearTimeout(timer);
      clearInterval(checker);
      command.signal?.removeEventListener('abort', onAbort);
    }
  });
  // Whoever reads the output awaits this later; an error before that is not unhandled.
  ended.catch(() => undefined);
  return { child, ended };
}

function check(ask: () => SluiceError | undefined, end: (error: SluiceError) => void): void {
  const error = ask();
  if (error !== undefined) end(error);
}

/** What of the surroundings counts: where programs are, and how this network is to be reached. Flux's controllers go by the same variables. */
function inherited(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = { PATH: environment.PATH ?? '/usr/local/bin:/usr/bin:/bin' };
  for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy']) {
    const value = environment[name] ?? environment[name.toUpperCase()];
    if (value !== undefined && value !== '') kept[name] = value;
  }
  return kept;
}

/** Kills a process and all it started. */
export function stop(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended in this very moment.
  }
}

function timeoutMessage(command: GitCommand): string {
  return `no result of git ${wordOf(command)} within ${command.timeoutMs / 1000} s: the server is slow or does not answer; a larger spec.timeout gives it more time`;
}

/** `fetch`, `ls-remote`, …: what the command is about. */
function wordOf({ args }: GitCommand): string {
  return args.find((arg) => !arg.startsWith('-')) ?? '';
}
