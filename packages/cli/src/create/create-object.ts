import type { JsonObject, KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { printYaml } from '@sluice/yaml';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { FIELD_MANAGER } from '../install/apply-objects.js';
import { field, type FluxKind } from '../kinds/index.js';
import { waitUntilReady } from '../wait.js';
import { parseLabels } from './labels.js';

/** An object to make, and what is said on the way. */
export interface Creation {
  readonly kind: FluxKind;
  readonly spec: JsonObject;
  /** What messages call it: `GitRepository source`. */
  readonly title: string;
  /** What `created` and `updated` are said of, when it is not the title. */
  readonly written?: string;
  /** Whether it is said that the object is generated: always, never, or when it is not exported. */
  readonly announced?: 'always' | 'never';
  /** Puts credentials into the cluster before the object; the fields of the spec that refer to them. */
  readonly prepare?: (cluster: Cluster, signal: AbortSignal) => Promise<JsonObject>;
  /** What is said of the object when it is ready. Throws when something is missing of it. */
  readonly done: (object: KubeObject) => Iterable<string>;
}

/** The name of the object to create. */
export function createdName({ args }: Pick<Invocation, 'args'>): string {
  const [name] = args;
  if (name === undefined) throw new Error('name is required');
  if (!/^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/.test(name)) {
    throw new Error(
      `name '${name}' is invalid, it should adhere to standard defined in RFC 1123, the name can only contain alphanumeric characters or '-'`,
    );
  }
  return name;
}

/** Prints an object (`--export`), or puts it into the cluster and waits until it is ready. */
export async function createObject(invocation: Invocation, name: string, creation: Creation): Promise<void> {
  const { flags, terminal } = invocation;
  const { kind, title, announced, prepare } = creation;
  const labels = parseLabels(flags.list('label'));
  const isExport = flags.bool('export');
  if (announced === 'always' || (announced !== 'never' && !isExport)) terminal.generate(`generating ${title}`);
  const metadata = { name, namespace: selectedNamespace(flags), ...(Object.keys(labels).length === 0 ? {} : { labels }) };
  const object: KubeObject = { apiVersion: kind.apiVersion, kind: kind.kind, metadata, spec: creation.spec };
  if (isExport) {
    terminal.out(`---\n${printYaml(object)}`);
    return;
  }
  const signal = deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  try {
    const credentials = await prepare?.(cluster, signal);
    const complete = credentials === undefined ? object : ({ ...object, spec: { ...creation.spec, ...credentials } } as KubeObject);
    terminal.action(`applying ${title}`);
    const { object: written, change } = await upsert(cluster, complete, signal);
    terminal.success(`${creation.written ?? title} ${change}`);
    terminal.waiting(`waiting for ${title} reconciliation`);
    for (const message of creation.done(await waitUntilReady(cluster, kind, written, signal))) terminal.success(message);
  } finally {
    await close();
  }
}

/** Creates an object, or gives the one that is there the new labels and spec. */
async function upsert(
  cluster: Cluster,
  object: KubeObject,
  signal: AbortSignal,
): Promise<{ object: KubeObject; change: 'created' | 'updated' }> {
  const { name = '', namespace = '', labels } = object.metadata;
  const existing = await cluster.get({ apiVersion: object.apiVersion, kind: object.kind, namespace, name }, { signal });
  if (existing === undefined) return { object: await cluster.create(object, { signal, fieldManager: FIELD_MANAGER }), change: 'created' };
  const { labels: _, ...metadata } = existing.metadata;
  const updated = { ...existing, ...object, metadata: { ...metadata, ...(labels === undefined ? {} : { labels }) } };
  return { object: await cluster.replace(updated, { signal, fieldManager: FIELD_MANAGER }), change: 'updated' };
}

/** What is said of a source that is ready: its revision. */
export function fetchedRevision(title: string, missing = `${title} reconciliation completed but no artifact was found`): Creation['done'] {
  return function* (object) {
    yield `${title} reconciliation completed`;
    const revision = field(object, 'status', 'artifact', 'revision');
    if (typeof revision !== 'string') throw new Error(missing);
    yield `fetched revision: ${revision}`;
  };
}
