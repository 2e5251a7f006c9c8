import { errorMessage, isJsonObject } from '@sluice/core';
import { podLogs, type PodLogOptions } from '@sluice/kube';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { controllerPods, type ControllerPod } from '../logs/controller-pods.js';
import { printable } from '../printable.js';

const CONTROLLER = /^(source|kustomize|helm|notification|image-reflector|image-automation)-controller$|^source-watcher$/;

/** `logs [CONTROLLER]`: what the controllers say, line by line, by kind, name, level and time. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [controller] = args;
  if (args.length > 1 || (controller !== undefined && !CONTROLLER.test(controller)))
    throw new Error(`no argument required: ${JSON.stringify(args.join(' '))} is no controller's name`);
  const options = logOptions(flags);
  const namespace = flags.string('flux-namespace');
  // Who follows does so until he has seen enough, unless he says for how long.
  const signal = flags.bool('follow') && !flags.changed('timeout') ? invocation.signal : deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  try {
    const pods = await controllerPods(cluster, namespace, controller, signal);
    let failed = false;
    const print = async ({ name, container }: ControllerPod): Promise<void> => {
      try {
        const lines = podLogs(cluster, { namespace, name }, { ...options, signal, ...(container === undefined ? {} : { container }) });
        for await (const line of lines) {
          const shown = shownLine(line, flags);
          if (shown !== undefined) terminal.out(`${printable(shown)}\n`);
        }
      } catch (error) {
        if (signal.aborted) return;
        failed = true;
        terminal.note(`failed getting logs: ${printable(errorMessage(error))}\n`);
      }
    };
    if (flags.bool('follow')) await Promise.all(pods.map(print));
    else for (const pod of pods) await print(pod);
    if (failed) throw new Error('failed to collect logs from all Flux pods');
  } finally {
    await close();
  }
}

/** What the API server is asked for. Throws when that can't be asked. */
export function logOptions(flags: FlagValues): Pick<PodLogOptions, 'follow' | 'tailLines' | 'sinceSeconds' | 'sinceTime'> {
  const sinceTime = flags.string('since-time');
  const since = flags.number('since');
  if (sinceTime !== '' && since !== 0) throw new Error('at most one of `sinceTime` or `sinceDuration` may be specified');
  if (sinceTime !== '' && (!RFC3339.test(sinceTime) || Number.isNaN(Date.parse(sinceTime))))
    throw new Error(`${sinceTime} is not a valid (RFC3339) time`);
  const seconds = Math.round(since / 1000);
  return {
    ...(flags.bool('follow') ? { follow: true } : {}),
    ...(flags.number('tail') >= 0 ? { tailLines: flags.number('tail') } : {}),
    // Of less than a second there is the last one; what lies in the future the server refuses.
    ...(since === 0 ? {} : { sinceSeconds: since > 0 ? Math.max(1, seconds) : seconds }),
    ...(sinceTime === '' ? {} : { sinceTime: new Date(sinceTime).toISOString().replace(/\.\d+/, '') }),
  };
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A line of a controller's log as people read it; undefined for one that the flags leave out, and for what is no log line. */
export function shownLine(line: string, flags: FlagValues): string | undefined {
  if (!line.startsWith('{')) return undefined;
  const entry = parsed(line);
  if (entry === undefined) return undefined;
  const value = (key: string): string => (typeof entry[key] === 'string' ? entry[key] : '');
  const kind = value('reconciler kind') || value('controllerKind');
  const isShown =
    (flags.string('level') === '' || flags.string('level') === value('level')) &&
    isAny(flags.string('kind'), value('reconciler kind'), value('controllerKind')) &&
    isAny(flags.string('name'), value('name')) &&
    (flags.bool('all-namespaces') || value('namespace').toLowerCase() === selectedNamespace(flags).toLowerCase());
  if (!isShown) return undefined;
  const object = value('name') === '' ? kind : `${kind}/${value('name')}.${value('namespace')}`;
  return `${value('ts')} ${value('level')} ${object} - ${value('msg')} ${value('error')}`;
}

/** Whether a flag names one of some values, in any case, or is not given. */
function isAny(wanted: string, ...values: readonly string[]): boolean {
  return wanted === '' || values.some((candidate) => candidate.toLowerCase() === wanted.toLowerCase());
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isJsonObject(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}
