import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { notFound, type FluxKind } from '../kinds/index.js';
import { confirmed } from '../prompt.js';

/** `delete KIND NAME`. */
export async function deleteKind(kind: FluxKind, invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [name] = args;
  if (name === undefined) throw new Error(`${kind.humanKind} name is required`);
  const namespace = selectedNamespace(flags);
  const key = { apiVersion: kind.apiVersion, kind: kind.kind, namespace, name };
  const { cluster, close } = await connect(invocation);
  try {
    const existing = await cluster.get(key, { signal: deadlineOf(invocation), as: 'metadata' });
    if (existing === undefined) throw await notFound(cluster, kind, name);
    if (!flags.bool('silent') && !(await confirmed(`Are you sure you want to delete this ${kind.humanKind}`, invocation.signal)))
      throw new Error('aborting: nothing was deleted; --silent does not ask');
    terminal.action(`deleting ${kind.humanKind} ${name} in ${namespace} namespace`);
    if (!(await cluster.delete(key, { signal: deadlineOf(invocation) }))) throw await notFound(cluster, kind, name);
    terminal.success(`${kind.humanKind} deleted`);
  } finally {
    await close();
  }
}
