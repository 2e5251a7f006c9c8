import type { FileTree, KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { keyOf } from '@sluice/runtime';
import type { KeySource } from '@sluice/sops';
import { openRemoteBases, type BuildBases } from '@sluice/sources';
import type { Manifest } from '../apply/desired.js';
import { diffSet, type ObjectDiff } from '../apply/diff.js';
import { compileIgnoreRules } from '../apply/ignore-rules.js';
import { Builds, type Built } from './build.js';
import { buildDecrypted } from './decrypt.js';
import { inventoryOf, staleReferences } from './inventory.js';
import { leftoversOf } from './leftovers.js';
import { planSet, type Plan } from './plan.js';
import { buildWithBases } from './remote-build.js';
import { defaultSettings, MANAGER, type KustomizationSettings } from './settings.js';
import { buildPath } from './source.js';
import { substituteAll } from './substitute.js';
import { combineVariables, loadVariables } from './variables.js';

export interface PreviewOptions {
  /** Where `substituteFrom` is read; without one only the variables of the Kustomization itself count. */
  readonly cluster?: Cluster;
  /** Opens what is encrypted. Without it the keys are those that `spec.decryption` names in the cluster; with neither, files stay as they are. */
  readonly keys?: readonly KeySource[];
  readonly settings?: Partial<KustomizationSettings>;
  readonly signal?: AbortSignal;
}

/**
 * The objects that a Kustomization would apply from a tree, in the order of applying: by the stages of its controller, without
 * a controller. An encrypted file that is not what was encrypted is refused, unless the settings say otherwise.
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

/** As {@link buildKustomization}, up to the build: with its remote bases, unless the settings refuse them. */
async function manifestsOf(
  kustomization: Kustomization,
  tree: FileTree,
  { cluster, keys }: PreviewOptions,
  settings: KustomizationSettings,
  signal: AbortSignal,
): Promise<readonly Manifest[]> {
  const builds = new Builds();
  const key = keyOf(kustomization);
  const from = keys === undefined ? cluster && { cluster } : { keys };
  const build = async (bases?: BuildBases): Promise<Built> => {
    const plain = (view: FileTree): Built => builds.build(key, kustomization, view, buildPath(kustomization, view), bases);
    return from === undefined ? plain(tree) : await buildDecrypted(kustomization, tree, plain, from, settings, signal);
  };
  if (settings.noRemoteBases) return (await build()).manifests;
  const remoteBases = openRemoteBases();
  try {
    const bases = remoteBases.of(key);
    return (await buildWithBases(bases, () => build(bases), signal, { isRenewed: false })).manifests;
  } finally {
    await remoteBases.close();
  }
}

async function planOf(kustomization: Kustomization, tree: FileTree, options: PreviewOptions): Promise<Plan> {
  const { cluster, signal = new AbortController().signal } = options;
  const settings = { ...defaultSettings, sopsMac: 'enforce' as const, ...options.settings };
  const manifests = await manifestsOf(kustomization, tree, options, settings, signal);
  const variables =
    cluster === undefined
      ? combineVariables([kustomization.spec.postBuild?.substitute ?? {}])
      : await loadVariables(kustomization, cluster, signal);
  return planSet(kustomization, substituteAll(kustomization, manifests, variables, settings, tree), settings);
}
