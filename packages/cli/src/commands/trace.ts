import { errorMessage, type KubeObject } from '@sluice/core';
import type { Cluster, KindKey } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { notFound } from '../kinds/index.js';
import { resourceNamed } from '../resource-name.js';
import { traceObject } from '../trace/index.js';

const USAGE = 'either `<resource>/<name>` or `<resource> <name>` is required as an argument';

/** `trace RESOURCE/NAME…`: how an object came into the cluster, back to its source. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const signal = deadlineOf(invocation);
  const isStatic = flags.string('kind') !== '' || flags.string('api-version') !== '';
  if (!isStatic && invocation.args.length === 0) throw new Error(USAGE);
  const { cluster, close } = await connect(invocation);
  try {
    const objects = isStatic ? [await byFlags(cluster, invocation, signal)] : await byWords(cluster, invocation, signal);
    for (const [index, object] of objects.entries()) {
      try {
        terminal.out(await traceObject(cluster, object, signal));
      } catch (error) {
        const { name = '', namespace = '' } = object.metadata;
        terminal.note(`failed to trace ${object.kind}/${name} in namespace ${namespace}: ${errorMessage(error)}\n`);
      }
      if (index < objects.length - 1) terminal.out('---\n');
    }
  } finally {
    await close();
  }
}

/** The object of --kind and --api-version, which a trace calls as it was typed. */
async function byFlags(cluster: Cluster, { args, flags }: Invocation, signal: AbortSignal): Promise<KubeObject> {
  const [name] = args;
  const kind = flags.string('kind');
  const apiVersion = flags.string('api-version');
  if (name === undefined) throw new Error('object name is required');
  if (kind === '') throw new Error('object kind is required (--kind)');
  if (apiVersion === '') throw new Error('object apiVersion is required (--api-version)');
  const resource = await resourceNamed(cluster, kind, apiVersion).catch((error: unknown) => {
    throw new Error(`failed to find object: ${errorMessage(error)}`, { cause: error });
  });
  const found = await getIn(
    cluster,
    { apiVersion, kind: resource.kind },
    resource.namespaced ? selectedNamespace(flags) : '',
    name,
    signal,
  );
  if (found === undefined)
    throw new Error(`failed to find object: ${(await notFound(cluster, { apiVersion, kind: resource.kind }, name)).message}`);
  return { ...found, kind };
}

/** The objects of `deployment/podinfo service/podinfo`, `deployment podinfo backend` or `deployment,service podinfo`. */
async function byWords(cluster: Cluster, { args, flags }: Invocation, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const objects: KubeObject[] = [];
  const pairs = pairsOf(args);
  // A type is looked up before it is missed that nothing is named.
  if (pairs.length === 0) {
    for (const word of (args[0] ?? '').split(',')) await resourceNamed(cluster, word);
    throw new Error('resource(s) were provided, but no name was specified');
  }
  for (const [word, name] of pairs) {
    const { kind, group, version, namespaced } = await resourceNamed(cluster, word);
    const apiVersion = group === '' ? version : `${group}/${version}`;
    const key = { apiVersion, kind };
    const found = await getIn(cluster, key, namespaced ? selectedNamespace(flags) : '', name, signal).catch(rethrown);
    if (found === undefined) rethrown(await notFound(cluster, key, name));
    objects.push(found);
  }
  return objects;
}

/** As Flux says it: people's scripts look for it. */
function rethrown(error: unknown): never {
  throw new Error(`x: ${errorMessage(error)}`, { cause: error });
}

/** Types and names, as kubectl takes them. */
function pairsOf(args: readonly string[]): readonly (readonly [type: string, name: string])[] {
  const slashed = args.filter((arg) => arg.includes('/'));
  if (slashed.length === 0) {
    const [types = '', ...names] = args;
    return types.split(',').flatMap((type) => names.map((name) => [type, name] as const));
  }
  if (slashed.length < args.length)
    throw new Error('there is no need to specify a resource type as a separate argument when passing arguments in resource/name form');
  return args.map((arg) => {
    const [type = '', name = '', ...more] = arg.split('/');
    if (more.length > 0) throw new Error('arguments in resource/name form may not have more than one slash');
    if (type === '' || type.includes(',') || name === '')
      throw new Error('arguments in resource/name form must have a single resource and name');
    return [type, name];
  });
}

function getIn(cluster: Cluster, kind: KindKey, namespace: string, name: string, signal: AbortSignal): Promise<KubeObject | undefined> {
  return cluster.get({ ...kind, name, ...(namespace === '' ? {} : { namespace }) }, { signal });
}
