import type { FileTree, KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { keyOf } from '@sluice/runtime';
import { diffSet, type ObjectDiff } from '../apply/diff.js';
import { compileIgnoreRules } from '../apply/ignore-rules.js';
import { Builds } from './build.js';
import { inventoryOf, staleReferences } from './inventory.js';
import { leftoversOf } from './leftovers.js';
import { planSet, type Plan } from './plan.js';
import { defaultSettings, MANAGER, type KustomizationSettings } from './settings.js';
import { buildPath } from './source.js';
import { substituteAll } from './substitute.js';
import { combineVariables, loadVariables } from './variables.js';

export interface PreviewOptions {
  /** Where `substituteFrom` is read; without one only the variables of the Kustomization itself count. */
  readonly cluster?: Cluster;
  readonly settings?: Partial<KustomizationSettings>;
  readonly signal?: AbortSignal;
}

/**
 * The objects that a Kustomization would apply from a tree, in the order of applying: by the stages of its controller, without
 * a controller. Encrypted files stay as they are.
 *
 * ```ts
 * const objects = await buildKustomization(kustomization, directoryTree('.'));
 * ```
 */
export async function buildKustomization(
  kustomization: Kustomization,
  tree: FileTree,
  options: PreviewOptions = {},
): Promise<readonly KubeObject[]> {
  return (await planOf(kustomization, tree, options)).desired.map(({ object }) => object);
}

/**
 * What applying a tree would change in a cluster, object by object, and what would be deleted. Nothing is written. Throws a
 * message that names all objects that the server refuses.
 */
export async function diffKustomization(
  kustomization: Kustomization,
  tree: FileTree,
  options: PreviewOptions & { readonly cluster: Cluster },
): Promise<readonly ObjectDiff[]> {
  const settings = { ...defaultSettings, ...options.settings };
  const { desired } = await planOf(kustomization, tree, options);
  const { spec, status } = kustomization;
  const diffs = await diffSet(desired, {
    cluster: options.cluster,
    manager: MANAGER,
    force: spec.force === true,
    leftovers: leftoversOf(settings),
    ignore: compileIgnoreRules(spec.ignore ?? []),
    concurrency: settings.requestConcurrency,
    signal: options.signal ?? new AbortController().signal,
  });
  const stale = spec.prune ? staleReferences(status?.inventory, inventoryOf(desired.map(({ reference }) => reference))) : [];
  return [...diffs, ...stale.map((reference): ObjectDiff => ({ reference, action: 'deleted' }))];
}

async function planOf(kustomization: Kustomization, tree: FileTree, { cluster, settings: chosen, signal }: PreviewOptions): Promise<Plan> {
  const settings = { ...defaultSettings, ...chosen };
  const { manifests } = new Builds().build(keyOf(kustomization), kustomization, tree, buildPath(kustomization, tree));
  const variables =
    cluster === undefined
      ? combineVariables([kustomization.spec.postBuild?.substitute ?? {}])
      : await loadVariables(kustomization, cluster, signal ?? new AbortController().signal);
  return planSet(kustomization, substituteAll(kustomization, manifests, variables, settings), settings);
}
