import type { FileTree, KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { keyOf } from '@sluice/runtime';
import type { KeySource } from '@sluice/sops';
import { openRemoteBases, type BuildBases, type RemoteBasesOptions } from '@sluice/sources';
import { desiredSet, type Desired, type Manifest } from '../apply/desired.js';
import { diffSet, type ObjectDiff } from '../apply/diff.js';
import { compileIgnoreRules } from '../apply/ignore-rules.js';
import { normalizeDesired } from '../apply/normalize.js';
import { Builds, type Built } from './build.js';
import { buildDecrypted, type DecryptionKeys } from './decrypt.js';
import { inventoryOf, staleReferences } from './inventory.js';
import { leftoversOf } from './leftovers.js';
import { ownManifests, planSet, type Plan } from './plan.js';
import { buildWithBases } from './remote-build.js';
import { defaultSettings, MANAGER, type KustomizationSettings } from './settings.js';
import { buildPath } from './source.js';
import { substituteAll } from './substitute.js';
import { combineVariables, loadVariables } from './variables.js';

export interface RenderOptions {
  /** Where `substituteFrom` is read; without one only the variables of the Kustomization itself count. */
  readonly cluster?: Cluster;
  readonly settings?: Partial<KustomizationSettings>;
  /** How messages call the root of the tree. Default: `.` */
  readonly rootName?: '.' | '/';
  /** How bases that are named by a URL are fetched, unless the settings refuse them. */
  readonly remoteBases?: RemoteBasesOptions;
  readonly signal?: AbortSignal;
}

export interface PreviewOptions extends RenderOptions {
  /** Opens what is encrypted. Without it the keys are those that `spec.decryption` names in the cluster; with neither, files stay as they are. */
  readonly keys?: readonly KeySource[];
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
  return diffDesired(kustomization, (await planOf(kustomization, tree, options)).desired, options);
}

/**
 * What a Kustomization makes of a tree, as it is written: in the order of the build, with what is encrypted left encrypted.
 * For people to read; {@link buildKustomization} makes what is applied.
 */
export async function renderKustomization(
  kustomization: Kustomization,
  tree: FileTree,
  options: RenderOptions = {},
): Promise<readonly KubeObject[]> {
  const manifests = await manifestsOf(kustomization, tree, undefined, options);
  return ownManifests(kustomization, manifests).map(({ object }) => object);
}

/** As {@link diffKustomization}, of objects that {@link renderKustomization} made, in their order. */
export async function diffRendered(
  kustomization: Kustomization,
  objects: readonly KubeObject[],
  options: RenderOptions & { readonly cluster: Cluster },
): Promise<readonly ObjectDiff[]> {
  const { customStageKinds } = settingsOf(options);
  const desired = objects.flatMap((object) => desiredSet([{ object: normalizeDesired(object) }], customStageKinds));
  return diffDesired(kustomization, desired, options);
}

async function planOf(kustomization: Kustomization, tree: FileTree, options: PreviewOptions): Promise<Plan> {
  const { cluster, keys } = options;
  const from = keys === undefined ? cluster && { cluster } : { keys };
  const enforcing = { ...options, settings: { sopsMac: 'enforce' as const, ...options.settings } };
  return planSet(kustomization, await manifestsOf(kustomization, tree, from, enforcing), settingsOf(options));
}

/** What the build makes, decrypted where it is said with which keys, and with its variables substituted. */
async function manifestsOf(
  kustomization: Kustomization,
  tree: FileTree,
  keys: DecryptionKeys | undefined,
  options: RenderOptions,
): Promise<readonly Manifest[]> {
  const { cluster, signal = new AbortController().signal } = options;
  const settings = settingsOf(options);
  const builds = new Builds(options.rootName);
  const key = keyOf(kustomization);
  const build = async (bases?: BuildBases): Promise<Built> => {
    const plain = (view: FileTree): Built => builds.build(key, kustomization, view, buildPath(kustomization, view), bases);
    return keys === undefined ? plain(tree) : await buildDecrypted(kustomization, tree, plain, keys, settings, signal);
  };
  const { manifests } = settings.noRemoteBases ? await build() : await withRemoteBases(key, build, options.remoteBases, signal);
  const variables =
    cluster === undefined
      ? combineVariables([kustomization.spec.postBuild?.substitute ?? {}])
      : await loadVariables(kustomization, cluster, signal);
  return substituteAll(kustomization, manifests, variables, settings, tree);
}

async function withRemoteBases(
  key: string,
  build: (bases: BuildBases) => Promise<Built>,
  options: RemoteBasesOptions | undefined,
  signal: AbortSignal,
): Promise<Built> {
  const remoteBases = openRemoteBases(options);
  try {
    const bases = remoteBases.of(key);
    return await buildWithBases(bases, () => build(bases), signal, { isRenewed: false });
  } finally {
    await remoteBases.close();
  }
}

async function diffDesired(
  kustomization: Kustomization,
  desired: readonly Desired[],
  options: RenderOptions & { readonly cluster: Cluster },
): Promise<readonly ObjectDiff[]> {
  const settings = settingsOf(options);
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

function settingsOf({ settings }: RenderOptions): KustomizationSettings {
  return { ...defaultSettings, ...settings };
}
