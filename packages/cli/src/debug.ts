import type { Json, KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { printYaml } from '@sluice/yaml';
import type { Invocation } from './command-line/index.js';
import { connect, selectedNamespace } from './connection.js';
import { deadlineOf } from './deadline.js';
import { field, notFound, type FluxKind } from './kinds/index.js';

/** What `debug` reads the cluster with. */
interface Reading {
  readonly cluster: Cluster;
  readonly signal: AbortSignal;
}

/** What the `debug` commands have in common: prints what `show` makes of an object, by the one of some flags that is given. */
export async function debugged(
  invocation: Invocation,
  kind: FluxKind,
  shown: readonly string[],
  show: (object: KubeObject, flag: string, reading: Reading) => Promise<string> | string,
): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [name] = args;
  if (name === undefined || args.length > 1) throw new Error(`accepts 1 arg(s), received ${args.length}`);
  const [flag, ...others] = shown.filter((candidate) => flags.bool(candidate));
  if (flag === undefined || others.length > 0) {
    const names = shown.map((candidate) => `--${candidate}`);
    throw new Error(`exactly one of ${names.slice(0, -1).join(', ')}, or ${names.at(-1)} must be set`);
  }
  const { cluster, close } = await connect(invocation);
  try {
    const signal = deadlineOf(invocation);
    const key = { apiVersion: kind.apiVersion, kind: kind.kind, namespace: selectedNamespace(flags), name };
    const object = await cluster.get(key, { signal });
    if (object === undefined) throw await notFound(cluster, kind, name);
    terminal.out(await show(object, flag, { cluster, signal }));
  } finally {
    await close();
  }
}

/** The status as YAML, below where it is explained. */
export function statusText(object: KubeObject, documentation: string): string {
  return `# Status documentation: ${documentation}\n${printYaml(field(object, 'status') ?? {})}`;
}

/** The history as YAML, below where it is explained. */
export function historyText(object: KubeObject, documentation: string, complete: (entry: Json) => Json = (entry) => entry): string {
  const history = field(object, 'status', 'history');
  return `# History documentation: ${documentation}\n${printYaml(Array.isArray(history) ? history.map(complete) : [])}`;
}
