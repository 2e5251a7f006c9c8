import { errorMessage } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import type { FluxKind } from '../kinds/index.js';

/** `suspend KIND NAME…|--all`: the controllers leave these objects alone until they are resumed. */
export async function suspendKind(kind: FluxKind, invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  if (args.length === 0 && !flags.bool('all')) throw new Error(`${kind.humanKind} name is required`);
  const namespace = selectedNamespace(flags);
  const signal = deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  try {
    if (args.length === 0) {
      if ((await suspendMatching(cluster, kind, namespace, undefined, invocation, signal)) === 0) throw new Error('no objects found');
      return;
    }
    for (const name of new Set(args)) {
      try {
        const found = await suspendMatching(cluster, kind, namespace, name, invocation, signal);
        if (found === 0) terminal.failure(`${kind.kind} ${name} not found in ${namespace} namespace`);
      } catch (error) {
        terminal.failure(`failed suspending ${kind.kind} ${name} in ${namespace} namespace: ${errorMessage(error)}`);
      }
    }
  } finally {
    await close();
  }
}

/** Suspends the object of a name, or all of a namespace; the number of those found. */
async function suspendMatching(
  cluster: Cluster,
  kind: FluxKind,
  namespace: string,
  name: string | undefined,
  { terminal }: Invocation,
  signal: AbortSignal,
): Promise<number> {
  const selector = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
  const { items } = await cluster.list({ apiVersion: kind.apiVersion, kind: kind.kind, namespace }, { ...selector, signal });
  for (const { metadata } of items) {
    terminal.action(`suspending ${kind.humanKind} ${metadata.name ?? ''} in ${namespace} namespace`);
    const key = { apiVersion: kind.apiVersion, kind: kind.kind, namespace, name: metadata.name ?? '' };
    await cluster.patch(key, 'merge', { spec: { suspend: true } }, { signal, fieldManager: 'flux' });
    terminal.success(`${kind.humanKind} suspended`);
  }
  return items.length;
}
