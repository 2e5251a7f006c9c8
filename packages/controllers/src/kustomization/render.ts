import type { FileTree, KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { keyOf } from '@sluice/runtime';
import { desiredSet } from '../apply/desired.js';
import { diffSet, type ObjectDiff } from '../apply/diff.js';
import { compileIgnoreRules } from '../apply/ignore-rules.js';
import { normalizeDesired } from '../apply/normalize.js';
import { Builds } from './build.js';
import { inventoryOf, staleReferences } from './inventory.js';
import { leftoversOf } from './leftovers.js';
import { ownManifests } from './plan.js';
import { defaultSettings, MANAGER, type KustomizationSettings } from './settings.js';
import { buildPath } from './source.js';
import { substituteAll } from './substitute.js';
import { combineVariables, loadVariables } from './variables.js';

export interface RenderOptions {
  /** Where `substituteFrom` is read; without one only the variables of the Kustomization itself count. */
  readonly cluster?: Cluster;
  readonly settings?: Partial<KustomizationSettings>;
  readonly signal?: AbortSignal;
}

/**
 * What a Kustomization makes of a tree, as it is written: in the order of the build, with what is encrypted left encrypted.
 * For people to read; {@link buildKustomization} makes what is applied.
 */
export async function renderKustomization(
  kustomization: Kustomization,
  tree: FileTree,
  { cluster, settings, signal = new AbortController().signal }: RenderOptions = {},
): Promise<readonly KubeObject[]> {
  const { manifests } = new Builds().build(keyOf(kustomization), kustomization, tree, buildPath(kustomization, tree));
  const variables =
    cluster === undefined
      ? combineVariables([kustomization.spec.postBuild?.substitute ?? {}])
      : await loadVariables(kustomization, cluster, signal);
  const substituted = substituteAll(kustomization, manifests, variables, { ...defaultSettings, ...settings }, tree);
  return ownManifests(kustomization, substituted).map(({ object }) => object);
}

/**
 * What applying objects for a Kustomization would change in a cluster, in the order of the objects, and what would be deleted.
 * Nothing is written. Throws a message that names all objects that the server refuses.
 */
export async function diffRendered(
  kustomization: Kustomization,
  objects: readonly KubeObject[],
  { cluster, settings: given, signal = new AbortController().signal }: RenderOptions & { readonly cluster: Cluster },
): Promise<readonly ObjectDiff[]> {
  const settings = { ...defaultSettings, ...given };
  const { spec, status } = kustomization;
  const desired = objects.flatMap((object) => desiredSet([{ object: normalizeDesired(object) }], settings.customStageKinds));
  const diffs = await diffSet(desired, {
    cluster,
    manager: MANAGER,
    force: spec.force === true,
    leftovers: leftoversOf(settings),
    ignore: compileIgnoreRules(spec.ignore ?? []),
    concurrency: settings.requestConcurrency,
    signal,
  });
  const stale = spec.prune ? staleReferences(status?.inventory, inventoryOf(desired.map(({ reference }) => reference))) : [];
  return [...diffs, ...stale.map((reference): ObjectDiff => ({ reference, action: 'deleted' }))];
}
