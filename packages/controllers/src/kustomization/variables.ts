import { errorMessage } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { Cluster } from '@sluice/kube';

/** What the manifests' variables stand for; keys are data. */
export type VariableValues = ReadonlyMap<string, string>;

/** Reads the variables of a Kustomization: those of its references in their order, then its own, each winning over the ones before. */
export async function loadVariables({ spec, metadata }: Kustomization, cluster: Cluster, signal: AbortSignal): Promise<VariableValues> {
  const values = new Map<string, string>();
  for (const { kind, name, optional } of spec.postBuild?.substituteFrom ?? []) {
    const data = await readData(cluster, kind, metadata.namespace ?? '', name, signal);
    if (data === undefined) {
      if (optional === true) continue;
      const plural = `${kind.toLowerCase()}s`;
      throw new VariablesError(`substitute from '${kind}/${name}' error: ${plural} ${JSON.stringify(name)} not found`);
    }
    for (const [key, value] of Object.entries(data)) values.set(key, withoutBreaks(value));
  }
  for (const [key, value] of Object.entries(spec.postBuild?.substitute ?? {})) values.set(key, withoutBreaks(value));
  return values;
}

/** The variables can't be read; it is said of the first object that needs them. */
export class VariablesError extends Error {}

async function readData(
  cluster: Cluster,
  kind: 'ConfigMap' | 'Secret',
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const object = await cluster.get({ apiVersion: 'v1', kind, namespace, name }, { signal });
    if (object === undefined) return undefined;
    const data = (object['data'] ?? {}) as Readonly<Record<string, string>>;
    if (kind === 'ConfigMap') return data;
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
  } catch (error) {
    signal.throwIfAborted();
    throw new VariablesError(`substitute from '${kind}/${name}' error: ${errorMessage(error)}`, { cause: error });
  }
}

function withoutBreaks(value: string): string {
  return value.replaceAll('\n', '');
}
