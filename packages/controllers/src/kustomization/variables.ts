import { errorMessage } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { Cluster } from '@sluice/kube';

/** What the manifests' variables stand for; keys are data. */
export type VariableValues = ReadonlyMap<string, string>;

/** Reads the variables of a Kustomization: those of its references in their order, then its own, each winning over the ones before. */
export async function loadVariables({ spec, metadata }: Kustomization, cluster: Cluster, signal: AbortSignal): Promise<VariableValues> {
  const sources: Readonly<Record<string, string>>[] = [];
  for (const { kind, name, optional } of spec.postBuild?.substituteFrom ?? []) {
    const data = await readData(cluster, kind, metadata.namespace ?? '', name, signal);
    if (data === undefined) {
      if (optional === true) continue;
      const plural = `${kind.toLowerCase()}s`;
      throw new VariablesError(`substitute from '${kind}/${name}' error: ${plural} ${JSON.stringify(name)} not found`);
    }
    sources.push(data);
  }
  return combineVariables([...sources, spec.postBuild?.substitute ?? {}]);
}

/** Later ones win. Line breaks are taken out of values: they would end the line of YAML that a variable stands on. */
export function combineVariables(sources: readonly Readonly<Record<string, string>>[]): VariableValues {
  const values = new Map<string, string>();
  for (const source of sources) for (const [key, value] of Object.entries(source)) values.set(key, value.replaceAll('\n', ''));
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
