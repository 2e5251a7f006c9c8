import { isJsonObject, requestAnnotations, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { conditionsOf, field, helmChart, notFound, sourceKinds, type FluxKind } from '../kinds/index.js';
import { isSettled, waitForObject } from '../wait.js';

/** `reconcile KIND NAME [--with-source] [--force] [--reset]`: asks the controllers for a reconciliation now, and waits for its end. */
export async function reconcileKind(kind: FluxKind, invocation: Invocation): Promise<void> {
  const [name] = invocation.args;
  if (name === undefined) throw new Error(`${kind.kind} name is required`);
  const { cluster, close } = await connect(invocation);
  try {
    const { flags } = invocation;
    const asked = (flag: string): boolean => flags.has(flag) && flags.bool(flag);
    const request = { withSource: asked('with-source'), force: asked('force'), reset: asked('reset') };
    await reconcileObject(cluster, { kind, namespace: selectedNamespace(flags), name }, request, invocation, deadlineOf(invocation));
  } finally {
    await close();
  }
}

interface Target {
  readonly kind: FluxKind;
  readonly namespace: string;
  readonly name: string;
}

interface Request {
  /** First the object that this one comes from. */
  readonly withSource?: boolean;
  readonly force?: boolean;
  readonly reset?: boolean;
}

async function reconcileObject(
  cluster: Cluster,
  { kind, namespace, name }: Target,
  request: Request,
  invocation: Invocation,
  signal: AbortSignal,
): Promise<void> {
  const { terminal } = invocation;
  const key = { apiVersion: kind.apiVersion, kind: kind.kind, namespace, name };
  const before = await cluster.get(key, { signal });
  if (before === undefined) throw await notFound(cluster, kind, name);
  if (kind.isStatic(before)) {
    terminal.success('reconciliation not supported by the object');
    return;
  }
  if (field(before, 'spec', 'suspend') === true) throw new Error('resource is suspended');
  // A chart comes from a source itself, and is not newer than that.
  if (request.withSource === true) {
    const source = sourceOf(before);
    await reconcileObject(cluster, source, { withSource: source.kind === helmChart }, invocation, signal);
  }

  terminal.action(`annotating ${kind.kind} ${name} in ${namespace} namespace`);
  await cluster.patch(key, 'merge', { metadata: { annotations: annotationsFor(request) } }, { signal, fieldManager: 'flux' });
  terminal.success(`${kind.kind} annotated`);

  terminal.waiting(`waiting for ${kind.kind} reconciliation`);
  const handledBefore = field(before, 'status', 'lastHandledReconcileAt');
  const isDone = (object: KubeObject): boolean => field(object, 'status', 'lastHandledReconcileAt') !== handledBefore && isSettled(object);
  const after = await waitForObject(cluster, key, isDone, signal);
  const ready = conditionsOf(after).find((condition) => condition.type === 'Ready');
  if (ready === undefined) throw new Error("status can't be determined");
  if (ready.status !== 'True') throw new Error(`${kind.kind} reconciliation failed: '${ready.message}'`);
  terminal.success(kind.successMessage(after));
}

function annotationsFor({ force, reset }: Request): Record<string, string> {
  const now = new Date().toISOString();
  return {
    [requestAnnotations.requestedAt]: now,
    ...(force === true ? { [requestAnnotations.forceAt]: now } : {}),
    ...(reset === true ? { [requestAnnotations.resetAt]: now } : {}),
  };
}

/** What an object comes from: its source, or the chart of a HelmRelease, which is named after the release. */
function sourceOf(object: KubeObject): Target {
  const { namespace: own = '', name: ownName = '' } = object.metadata;
  const chartSource = field(object, 'spec', 'chart', 'spec', 'sourceRef');
  if (isJsonObject(chartSource)) return { kind: helmChart, namespace: textOr(chartSource['namespace'], own), name: `${own}-${ownName}` };
  const reference = field(object, 'spec', 'chartRef') ?? field(object, 'spec', 'sourceRef');
  const wanted = field(reference, 'kind');
  const kind = sourceKinds.find((candidate) => candidate.kind === wanted);
  const name = field(reference, 'name');
  if (kind === undefined || typeof name !== 'string') throw new Error(`cannot reconcile source of kind ${String(wanted)}`);
  return { kind, namespace: textOr(field(reference, 'namespace'), own), name };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}
