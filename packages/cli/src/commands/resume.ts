import { errorMessage, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import type { FluxKind } from '../kinds/index.js';
import { waitUntilReady } from '../wait.js';

/** `resume KIND NAME…|--all [--wait]`: lets the controllers go on; waits for the outcome of a single object. */
export async function resumeKind(kind: FluxKind, invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  if (args.length === 0 && !flags.bool('all')) throw new Error(`${kind.humanKind} name is required`);
  // A single object is waited for unless --wait says otherwise; several only with it.
  const wait = flags.changed('wait') ? flags.bool('wait') : args.length === 1;
  const namespace = selectedNamespace(flags);
  const signal = deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  try {
    const resumed = await resumeMatching(cluster, kind, namespace, invocation, signal);
    if (!wait) return;
    const outcomes = await Promise.all(
      resumed.map(async (object) => {
        const name = object.metadata.name ?? '';
        terminal.waiting(`waiting for ${kind.kind} reconciliation`);
        try {
          return { name, object: await waitUntilReady(cluster, kind, object, signal) };
        } catch (error) {
          return { name, failure: errorMessage(error) };
        }
      }),
    );
    let failed = 0;
    for (const outcome of outcomes.sort((a, b) => (a.name <= b.name ? -1 : 1))) {
      if (outcome.object === undefined) {
        failed++;
        terminal.failure(`${kind.kind} ${outcome.name} reconciliation failed: ${outcome.failure}`);
      } else {
        terminal.success(`${kind.kind} ${outcome.name} reconciliation completed`);
        terminal.success(kind.successMessage(outcome.object));
      }
    }
    if (failed > 0) throw new Error(`reconciliation failed for ${failed} ${kind.kind}(s)`);
  } finally {
    await close();
  }
}

async function resumeMatching(
  cluster: Cluster,
  kind: FluxKind,
  namespace: string,
  { args, terminal }: Invocation,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const resumed: KubeObject[] = [];
  const scope = { apiVersion: kind.apiVersion, kind: kind.kind, namespace };
  const selectors = args.length === 0 ? [undefined] : [...new Set(args)];
  for (const name of selectors) {
    const { items } = await cluster.list(scope, { signal, ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }) });
    if (items.length === 0) {
      terminal.failure(
        name === undefined
          ? `no ${kind.kind} objects found in ${namespace} namespace`
          : `${kind.kind} object '${name}' not found in ${namespace} namespace`,
      );
    }
    for (const { metadata } of items) {
      terminal.action(`resuming ${kind.humanKind} ${metadata.name ?? ''} in ${namespace} namespace`);
      const key = { ...scope, name: metadata.name ?? '' };
      resumed.push(await cluster.patch(key, 'merge', { spec: { suspend: null } }, { signal, fieldManager: 'flux' }));
      terminal.success(`${kind.humanKind} resumed`);
    }
  }
  return resumed;
}
