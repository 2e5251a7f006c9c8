import { isJsonObject, type KubeObject } from '@sluice/core';
import { computeHealth, type Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { conditionsOf, field, sourceKinds, type FluxKind } from '../kinds/index.js';
import { waitForObject } from '../wait.js';

const RECONCILE_REQUEST = 'reconcile.fluxcd.io/requestedAt';

/** `reconcile KIND NAME [--with-source]`: asks the controllers for a reconciliation now, and waits for its end. */
export async function reconcileKind(kind: FluxKind, invocation: Invocation): Promise<void> {
  const [name] = invocation.args;
  if (name === undefined) throw new Error(`${kind.kind} name is required`);
  const { cluster, close } = await connect(invocation);
  try {
    await reconcileObject(cluster, kind, selectedNamespace(invocation.flags), name, invocation, deadlineOf(invocation));
  } finally {
    await close();
  }
}

async function reconcileObject(
  cluster: Cluster,
  kind: FluxKind,
  namespace: string,
  name: string,
  invocation: Invocation,
  signal: AbortSignal,
): Promise<void> {
  const { terminal, flags } = invocation;
  const key = { apiVersion: kind.apiVersion, kind: kind.kind, namespace, name };
  const before = await cluster.get(key, { signal });
  if (before === undefined) throw new Error(`${await resourceName(cluster, kind)} ${JSON.stringify(name)} not found`);
  if (kind.isStatic(before)) {
    terminal.success('reconciliation not supported by the object');
    return;
  }
  if (field(before, 'spec', 'suspend') === true) throw new Error('resource is suspended');

  if (flags.has('with-source') && flags.bool('with-source')) {
    const source = sourceOf(before);
    if (source === undefined) throw new Error(`cannot reconcile source of kind ${String(field(before, 'spec', 'sourceRef', 'kind'))}`);
    await reconcileObject(cluster, source.kind, source.namespace, source.name, withoutSource(invocation), signal);
  }

  terminal.action(`annotating ${kind.kind} ${name} in ${namespace} namespace`);
  const annotations = { [RECONCILE_REQUEST]: new Date().toISOString() };
  await cluster.patch(key, 'merge', { metadata: { annotations } }, { signal, fieldManager: 'flux' });
  terminal.success(`${kind.kind} annotated`);

  terminal.waiting(`waiting for ${kind.kind} reconciliation`);
  const handledBefore = field(before, 'status', 'lastHandledReconcileAt');
  const after = await waitForObject(cluster, key, (object) => handledAndDone(object, handledBefore), signal);
  const ready = conditionsOf(after).find((condition) => condition.type === 'Ready');
  if (ready === undefined) throw new Error("status can't be determined");
  if (ready.status !== 'True') throw new Error(`${kind.kind} reconciliation failed: '${ready.message}'`);
  terminal.success(kind.successMessage(after));
}

/** Whether the request was taken up and came to an end. Throws what it failed of, when it did for good. */
function handledAndDone(object: KubeObject, handledBefore: unknown): boolean {
  if (field(object, 'status', 'lastHandledReconcileAt') === handledBefore) return false;
  const { status, message } = computeHealth(object);
  if (status === 'Current') return true;
  if (status === 'InProgress') return false;
  throw new Error(message);
}

function sourceOf(object: KubeObject): { kind: FluxKind; namespace: string; name: string } | undefined {
  const reference = field(object, 'spec', 'sourceRef');
  if (!isJsonObject(reference)) return undefined;
  const kind = sourceKinds.find((candidate) => candidate.kind === reference['kind']);
  if (kind === undefined) return undefined;
  const { namespace = object.metadata.namespace, name } = reference;
  return typeof namespace === 'string' && typeof name === 'string' ? { kind, namespace, name } : undefined;
}

/** The same invocation for the source itself, which has none. */
function withoutSource(invocation: Invocation): Invocation {
  return { ...invocation, flags: invocation.flags.without('with-source') };
}

/** `kustomizations.kustomize.toolkit.fluxcd.io`. */
async function resourceName(cluster: Cluster, kind: FluxKind): Promise<string> {
  const resource = await cluster.resourceOf(kind);
  return resource === undefined ? kind.kind : `${resource.resource}.${resource.group}`;
}
