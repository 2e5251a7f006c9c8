import { errorMessage, type KubeObject } from '@sluice/core';
import { crdsOfChart, type Chart, type Values } from '@sluice/helm';
import { isAlreadyExists } from '@sluice/kube';
import { parseYamlDocuments } from '@sluice/yaml';
import { originLabels } from '../spec.js';
import type { ActionContext } from './context.js';
import { itemsOf } from './objects.js';
import { waitForObjects } from './wait.js';
import { createObjects, idOf, updateObjects, type Written } from './write.js';

export type CrdPolicy = 'Skip' | 'Create' | 'CreateReplace';

/** Definitions must be served within this before what stands on them is looked at. */
const TIMEOUT_MS = 60_000;

/** The definitions below `crds/` of a chart and of the subcharts in use; other objects there are left out. */
export function chartDefinitions(chart: Chart, values: Values): { readonly definitions: KubeObject[]; readonly others: KubeObject[] } {
  const objects = crdsOfChart(chart, values).flatMap(({ path, data }) => {
    try {
      return parseYamlDocuments(data).flatMap(({ value }) => itemsOf(value));
    } catch (error) {
      throw new Error(`failed to parse CustomResourceDefinitions from ${path}: ${errorMessage(error)}`, { cause: error });
    }
  });
  return { definitions: objects.filter(isDefinition), others: objects.filter((object) => !isDefinition(object)) };
}

function isDefinition({ apiVersion, kind }: KubeObject): boolean {
  return kind === 'CustomResourceDefinition' && apiVersion.startsWith('apiextensions.k8s.io/');
}

/** Creates the definitions of a chart, or brings them up to date, as the policy says. Nothing is ever deleted. */
export async function applyDefinitions(
  chart: Chart,
  values: Values,
  { policy, serverSide }: { readonly policy: CrdPolicy; readonly serverSide: boolean },
  context: ActionContext,
): Promise<void> {
  if (policy === 'Skip') return;
  const { definitions, others } = chartDefinitions(chart, values);
  for (const { kind, metadata } of others)
    context.note(`${kind}/${metadata.name ?? ''} below crds/ is no definition, and is ignored: it belongs below templates/`);
  if (definitions.length === 0) return;
  const labels = originLabels(context.object);
  const wanted = definitions.map((object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } },
  }));
  const written = policy === 'Create' ? await createMissing(wanted, context) : await replace(wanted, serverSide, context);
  if (written.objects.size === 0) return;
  const changed = wanted.filter((object) => written.objects.has(idOf(object)));
  try {
    await waitForObjects(changed, { timeoutMs: TIMEOUT_MS, forJobs: false, known: written.objects }, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw new Error(`failed to wait for CustomResourceDefinition(s): ${errorMessage(error)}`, { cause: error });
  }
}

async function createMissing(definitions: readonly KubeObject[], context: ActionContext): Promise<Written> {
  const objects = new Map<string, KubeObject>();
  for (const definition of definitions) {
    try {
      const written = await createObjects([definition], { serverSide: false }, context);
      for (const [id, object] of written.objects) objects.set(id, object);
    } catch (error) {
      context.signal.throwIfAborted();
      if (isAlreadyExists((error as Error).cause)) continue;
      throw new Error(`failed to create CustomResourceDefinition ${definition.metadata.name ?? ''}: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  }
  return { objects, created: definitions.filter((object) => objects.has(idOf(object))) };
}

async function replace(definitions: readonly KubeObject[], serverSide: boolean, context: ActionContext): Promise<Written> {
  try {
    return await updateObjects(definitions, definitions, { serverSide, replace: !serverSide }, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw new Error(`failed to update CustomResourceDefinition(s): ${errorMessage(error)}`, { cause: error });
  }
}
