import { errorMessage, formatDuration, isJsonObject, parseDuration, type Json, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { printYaml } from '@sluice/yaml';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { field, notFound, type FluxKind } from '../kinds/index.js';

/** `export KIND NAME|--all [--with-credentials]`: objects as the manifests that would make them again. */
export async function exportKind(kind: FluxKind, invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [name] = args;
  const isAll = flags.bool('all');
  if (!isAll && name === undefined) throw new Error('name is required');
  const signal = deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  try {
    const objects = isAll
      ? await listAll(cluster, kind, invocation, signal)
      : [await getOne(cluster, kind, name ?? '', invocation, signal)];
    for (const object of objects) {
      terminal.out(`---\n${printYaml(manifestOf(object, kind))}`);
      if (flags.has('with-credentials') && flags.bool('with-credentials')) await exportCredentials(cluster, object, invocation, signal);
    }
  } finally {
    await close();
  }
}

async function listAll(
  cluster: Cluster,
  { apiVersion, kind }: FluxKind,
  { flags }: Invocation,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const namespace = selectedNamespace(flags);
  const { items } = await cluster.list({ apiVersion, kind, namespace }, { signal });
  if (items.length === 0) throw new Error(`no objects found in ${namespace} namespace`);
  return items;
}

async function getOne(cluster: Cluster, kind: FluxKind, name: string, { flags }: Invocation, signal: AbortSignal): Promise<KubeObject> {
  const key = { apiVersion: kind.apiVersion, kind: kind.kind, namespace: selectedNamespace(flags), name };
  const object = await cluster.get(key, { signal });
  if (object === undefined) throw await notFound(cluster, kind, name);
  return object;
}

/** What a person would have written: the name, labels, annotations and the spec. */
function manifestOf(object: KubeObject, { apiVersion, kind }: FluxKind): Json {
  const { name = '', namespace = '', labels, annotations } = object.metadata;
  const spec = field(object, 'spec') as Json | undefined;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) },
    ...(spec === undefined ? {} : { spec: asPrinted(spec) }),
  };
}

const DURATIONS: ReadonlySet<string> = new Set(['interval', 'retryInterval', 'timeout']);
/** Fields with what belongs to others, in which these names mean anything. */
const FOREIGN: ReadonlySet<string> = new Set(['commonMetadata', 'patches', 'postRenderers', 'substitute', 'values']);

/** Fields of which the zero means something else than their absence. */
const KEPT: ReadonlySet<string> = new Set([
  'eventSources',
  'extract',
  'ignore',
  'ignoreTestFailures',
  'maxHistory',
  'pattern',
  'persistentClient',
  'prune',
  'remediateLastFailure',
  'resources',
  'serverSideApply',
]);

/** A spec as Flux prints it: `60s` is `1m0s`, and what is empty, zero or false by default is left out. */
function asPrinted(value: Json): Json {
  if (Array.isArray(value)) return value.map(asPrinted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, entry]) => KEPT.has(key) || !isZero(entry))
      .map(([key, entry]) => {
        if (FOREIGN.has(key)) return [key, entry];
        return [key, DURATIONS.has(key) && typeof entry === 'string' ? formatDuration(parseDuration(entry)) : asPrinted(entry)];
      }),
  );
}

function isZero(value: Json): boolean {
  return value === false || value === 0 || value === '' || (Array.isArray(value) && value.length === 0);
}

async function exportCredentials(cluster: Cluster, object: KubeObject, { terminal }: Invocation, signal: AbortSignal): Promise<void> {
  const name = field(object, 'spec', 'secretRef', 'name');
  if (typeof name !== 'string') return;
  const namespace = object.metadata.namespace ?? '';
  let secret: KubeObject | undefined;
  try {
    secret = await cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace, name }, { signal });
    if (secret === undefined) throw new Error(`secrets "${name}" not found`);
  } catch (error) {
    throw new Error(`failed to retrieve secret ${name}, error: ${errorMessage(error)}`, { cause: error });
  }
  const { data, type } = secret as KubeObject & { data?: Json; type?: string };
  terminal.out(
    `---\n${printYaml({ apiVersion: 'v1', ...(data === undefined ? {} : { data }), kind: 'Secret', metadata: { name, namespace }, ...(type === undefined ? {} : { type }) })}`,
  );
}
