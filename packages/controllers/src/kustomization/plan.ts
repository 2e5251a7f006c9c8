import { createHash } from 'node:crypto';
import { isJsonObject, objectId, type FileTree, type KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { desiredSet, type Desired, type Manifest } from '../apply/desired.js';
import { normalizeDesired } from '../apply/normalize.js';
import { withPlace } from '../apply/place.js';
import type { Built } from './build.js';
import type { KustomizationSettings } from './settings.js';
import { ownerLabels } from './spec.js';
import { failed } from './stage-error.js';
import { substituteAll } from './substitute.js';
import type { VariableValues } from './variables.js';

/** What a pass would have in the cluster. */
export interface Plan {
  /** In the order in which they are applied. */
  readonly desired: readonly Desired[];
  /** Of all that is desired: the history has one entry for each. */
  readonly digest: string;
}

/** Plans of Kustomizations, each made anew only when something that goes into it has changed. */
export class Plans {
  readonly #cache = new Map<string, { plan: Plan; built: symbol; generation: number | undefined; variables: VariableValues }>();

  plan(
    key: string,
    kustomization: Kustomization,
    built: Built,
    variables: VariableValues,
    settings: KustomizationSettings,
    tree: FileTree,
  ): Plan {
    const { generation } = kustomization.metadata;
    const cached = this.#cache.get(key);
    if (cached?.built === built.identity && cached.generation === generation && sameValues(cached.variables, variables)) return cached.plan;
    const plan = planSet(kustomization, substituteAll(kustomization, built.manifests, variables, settings, tree), settings);
    this.#cache.set(key, { plan, built: built.identity, generation, variables });
    return plan;
  }

  /** The last plan, whatever has changed since. */
  peek(key: string): Plan | undefined {
    return this.#cache.get(key)?.plan;
  }

  forget(key: string): void {
    this.#cache.delete(key);
  }
}

function sameValues(a: VariableValues, b: VariableValues): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}

/** Turns manifests into objects that are ours: labelled, normalised, in order. */
export function planSet(kustomization: Kustomization, manifests: readonly Manifest[], settings: KustomizationSettings): Plan {
  const desired = desiredSet(
    ownManifests(kustomization, manifests).map(({ object, place }) => ({ object: normalizeDesired(object), place })),
    settings.customStageKinds,
  );
  const hash = createHash('sha256');
  for (const { id, hash: ofObject } of desired) hash.update(`${id} ${ofObject}\n`);
  return { desired, digest: `sha256:${hash.digest('hex')}` };
}

/** The resources among manifests, with the labels that say whose they are, in the order of the build. */
export function ownManifests(kustomization: Kustomization, manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests.filter(({ object }) => isResource(object)).map(({ object, place }) => ({ object: owned(kustomization, object), place }));
}

/** kustomize's own files may lie among the manifests. */
function isResource({ apiVersion, kind, metadata }: KubeObject): boolean {
  return !(kind === 'Kustomization' && apiVersion.startsWith('kustomize.config.k8s.io/')) && metadata.name !== undefined;
}

function owned(kustomization: Kustomization, object: KubeObject): KubeObject {
  const { labels = {}, annotations = {} } = kustomization.spec.commonMetadata ?? {};
  const { metadata } = object;
  const allAnnotations = { ...metadata.annotations, ...annotations };
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...ownerLabels(kustomization), ...labels },
      ...(Object.keys(allAnnotations).length === 0 ? {} : { annotations: allAnnotations }),
    },
  };
}

/** A Secret that SOPS has encrypted would be of no use in the cluster. */
export function refuseEncrypted({ object, place }: Desired): void {
  if (object.kind !== 'Secret' || !isJsonObject(object['sops'])) return;
  if (object.metadata.annotations?.['kustomize.toolkit.fluxcd.io/decrypt']?.toLowerCase() === 'disabled') return;
  const message = `${objectId(object)} is SOPS encrypted, configuring decryption is required for this secret to be reconciled`;
  throw failed('ReconciliationFailed', withPlace(message, place));
}
