import { errorMessage, isJsonObject, type KubeObject } from '@sluice/core';
import { podLogs, type Cluster } from '@sluice/kube';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { field } from '../kinds/index.js';
import { printable } from '../printable.js';

const CONTROLLER = /^(source|kustomize|helm|notification|image-reflector|image-automation)-controller$|^source-watcher$/;

interface ControllerPod {
  readonly name: string;
  /** The container to read, of several. */
  readonly container?: string;
}

/** `logs [CONTROLLER]`: what the controllers say, line by line, by kind, name, level and time. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [controller] = args;
  if (args.length > 1 || (controller !== undefined && !CONTROLLER.test(controller)))
    throw new Error(`no argument required: ${JSON.stringify(args.join(' '))} is no controller's name`);
  const options = logOptions(flags);
  const namespace = flags.string('flux-namespace');
  const signal = flags.bool('follow') ? invocation.signal : deadlineOf(invocation);
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
        terminal.failure(`failed getting logs: ${errorMessage(error)}`);
      }
    };
    if (flags.bool('follow')) await Promise.all(pods.map(print));
    else for (const pod of pods) await print(pod);
    if (failed) throw new Error('failed to collect logs from all Flux pods');
  } finally {
    await close();
  }
}

function logOptions(flags: FlagValues): { follow?: boolean; tailLines?: number; sinceSeconds?: number } {
  const sinceTime = flags.string('since-time');
  const since = flags.number('since');
  if (sinceTime !== '' && since !== 0) throw new Error('at most one of `sinceTime` or `sinceDuration` may be specified');
  const moment = Date.parse(sinceTime);
  if (sinceTime !== '' && (Number.isNaN(moment) || !/^\d{4}-\d\d-\d\dT/.test(sinceTime)))
    throw new Error(`${sinceTime} is not a valid (RFC3339) time`);
  const milliseconds = sinceTime === '' ? since : Date.now() - moment;
  return {
    ...(flags.bool('follow') ? { follow: true } : {}),
    ...(flags.number('tail') >= 0 ? { tailLines: flags.number('tail') } : {}),
    ...(milliseconds > 0 ? { sinceSeconds: Math.max(1, Math.round(milliseconds / 1000)) } : {}),
  };
}

/** Of each Deployment of the controllers, one Pod: a running one where there is one. */
async function controllerPods(
  cluster: Cluster,
  namespace: string,
  controller: string | undefined,
  signal: AbortSignal,
): Promise<readonly ControllerPod[]> {
  const deployments = await cluster.list(
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace },
    { labelSelector: 'app.kubernetes.io/part-of=flux', signal },
  );
  const wanted = deployments.items.filter(({ metadata }) => controller === undefined || metadata.name === controller);
  const found = await Promise.all(
    wanted.map(async (deployment): Promise<ControllerPod[]> => {
      const labels = field(deployment, 'spec', 'template', 'metadata', 'labels');
      const labelSelector = isJsonObject(labels) ? Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`) : [];
      const { items } = await cluster.list(
        { apiVersion: 'v1', kind: 'Pod', namespace },
        { labelSelector: labelSelector.join(','), signal },
      );
      const [pod] = items.toSorted((a, b) => Number(isRunning(b)) - Number(isRunning(a)));
      if (pod === undefined) return [];
      const containers = field(pod, 'spec', 'containers');
      const several = Array.isArray(containers) && containers.length > 1;
      return [{ name: pod.metadata.name ?? '', ...(several ? { container: 'manager' } : {}) }];
    }),
  );
  const pods = found.flat();
  if (pods.length === 0) throw new Error(`no Flux pods found in namespace ${JSON.stringify(namespace)}`);
  return pods;
}

function isRunning(pod: KubeObject): boolean {
  return field(pod, 'status', 'phase') === 'Running';
}

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
