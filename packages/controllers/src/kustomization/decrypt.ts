import { createHash } from 'node:crypto';
import { errorMessage, type FileTree } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { keyOf } from '@sluice/runtime';
import type { KeySource } from '@sluice/sops';
import { placeOf, withPlace } from '../apply/place.js';
import { decryptObjects } from '../sops/decrypt-objects.js';
import { DecryptingTree, type Unverified } from '../sops/decrypting-tree.js';
import { ageKeysInSecret, keysInSecret, secretData, type SecretData } from '../sops/secret-keys.js';
import { ENGINE, serviceKeys, type ServiceIdentity } from '../sops/service-keys.js';
import type { CloudIdentities, CloudIdentityPool } from '../source/cloud.js';
import type { Built } from './build.js';
import type { KustomizationSettings } from './settings.js';
import { failed, StageError } from './stage-error.js';

export interface DecryptedBuild {
  readonly built: Built;
  /** What is news since the last build: files whose content may not be what was encrypted. */
  readonly warnings: readonly string[];
}

/** The keys of one Kustomization: those at hand, or those that it names in a cluster. */
export type DecryptionKeys = { readonly keys: readonly KeySource[] } | { readonly cluster: Cluster };

/** One build with what is encrypted in it decrypted; a file that is not what was encrypted fails it, unless the settings say otherwise. */
export async function buildDecrypted(
  kustomization: Kustomization,
  tree: FileTree,
  build: (tree: FileTree) => Built,
  from: DecryptionKeys,
  settings: KustomizationSettings,
  signal: AbortSignal,
): Promise<Built> {
  if (!('keys' in from)) return (await new Decryption(from.cluster, settings).build(kustomization, tree, build, signal)).built;
  const state: State = { keysVersion: '', keys: from.keys, tree: new DecryptingTree(from.keys) };
  return checked(await decryptedBuild(state, tree, build), settings).built;
}

interface State {
  /** Of the Secret that the keys are from. */
  readonly keysVersion: string;
  readonly keys: readonly KeySource[];
  readonly tree: DecryptingTree;
  last?: { readonly source: symbol; readonly built: Built; readonly unverified: readonly Unverified[] };
}

/** Builds Kustomizations with what is encrypted in them decrypted; remembers keys and builds while nothing changes. */
export class Decryption {
  readonly #states = new Map<string, State>();
  readonly #cluster: Cluster;
  readonly #settings: KustomizationSettings;
  readonly #identities: CloudIdentityPool | undefined;

  constructor(cluster: Cluster, settings: KustomizationSettings, identities?: CloudIdentityPool) {
    this.#cluster = cluster;
    this.#identities = identities;
    this.#settings = settings;
  }

  /** Builds a tree by `build`, which sees no encrypted files where `spec.decryption` says how they are opened. */
  async build(
    kustomization: Kustomization,
    tree: FileTree,
    build: (tree: FileTree) => Built,
    signal: AbortSignal,
  ): Promise<DecryptedBuild> {
    if (kustomization.spec.decryption === undefined) return { built: build(tree), warnings: [] };
    const state = await this.#state(kustomization, signal);
    return checked(await decryptedBuild(state, tree, build), this.#settings);
  }

  forget(key: string): void {
    this.#states.delete(key);
  }

  async #state(kustomization: Kustomization, signal: AbortSignal): Promise<State> {
    const key = keyOf(kustomization);
    const { keysVersion, keys } = await this.#keys(kustomization, signal);
    const known = this.#states.get(key);
    if (known?.keysVersion === keysVersion) return known;
    const state = { keysVersion, keys, tree: new DecryptingTree(keys) };
    this.#states.set(key, state);
    return state;
  }

  async #keys(kustomization: Kustomization, signal: AbortSignal): Promise<{ keysVersion: string; keys: readonly KeySource[] }> {
    const { spec, metadata } = kustomization;
    const { sopsAgeSecret } = this.#settings;
    const own = spec.decryption?.secretRef?.name;
    const reference = own === undefined ? sopsAgeSecret : { namespace: metadata.namespace ?? '', name: own };
    const identity = await this.#identity(kustomization);
    const who = JSON.stringify([identity.serviceAccount, identity.access]);
    const services = (data: SecretData, where: string): KeySource[] => serviceKeys(data, where, identity);
    if (reference === undefined) return { keysVersion: who, keys: services(new Map(), '') };
    const secret = await this.#cluster.get({ apiVersion: 'v1', kind: 'Secret', ...reference }, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw failed(
        'BuildFailed',
        `cannot get the decryption Secret '${reference.namespace}/${reference.name}': ${errorMessage(error)}`,
        error,
      );
    });
    if (secret === undefined) throw failed('BuildFailed', `secrets ${JSON.stringify(reference.name)} not found`);
    const where = `Secret ${reference.namespace}/${reference.name}`;
    const data = secretData(secret);
    try {
      // The Secret for all holds age keys alone: what it holds for services is not for everybody.
      const keys =
        own === undefined
          ? [...ageKeysInSecret(data, where), ...services(new Map(), where)]
          : [...keysInSecret(data, where), ...services(data, where)];
      return { keysVersion: digest(`${where} ${who}`, data), keys };
    } catch (error) {
      throw failed('BuildFailed', `the keys for decryption can't be used: ${errorMessage(error)}`, error);
    }
  }

  /** Whom to be at services that hold keys. */
  async #identity(kustomization: Kustomization): Promise<ServiceIdentity> {
    const serviceAccount = kustomization.spec.decryption?.serviceAccountName ?? this.#settings.defaultDecryptionServiceAccount;
    const own = this.#identities?.of(kustomization) ?? ENGINE;
    if (serviceAccount === undefined || serviceAccount === '') return { ...own, access: {} };
    const { asAccount } = own as Partial<CloudIdentities>;
    if (asAccount === undefined) return { ...own, serviceAccount };
    try {
      return { ...own, serviceAccount, access: await asAccount(serviceAccount) };
    } catch (error) {
      throw failed('BuildFailed', `spec.decryption: ${errorMessage(error)}`, error);
    }
  }
}

interface StateBuild {
  readonly built: Built;
  readonly unverified: readonly Unverified[];
  readonly isNew: boolean;
}

async function decryptedBuild(state: State, tree: FileTree, build: (tree: FileTree) => Built): Promise<StateBuild> {
  try {
    const { result: source, unverified: files } = await state.tree.run(tree, build);
    if (state.last?.source === source.identity) return { ...state.last, isNew: false };
    const { manifests, unverified } = await decryptObjects(source.manifests, state.keys);
    const built = manifests === source.manifests ? source : { manifests, identity: Symbol('decrypted') };
    state.last = { source: source.identity, built, unverified: [...files, ...unverified] };
    return { ...state.last, isNew: true };
  } catch (error) {
    if (error instanceof StageError) throw error;
    throw failed('BuildFailed', withPlace(errorMessage(error), placeOf(error)), error);
  }
}

function checked({ built, unverified, isNew }: StateBuild, { sopsMac }: KustomizationSettings): DecryptedBuild {
  const warnings = unverified.map(({ file, why }) => `${file}: ${why}`);
  if (sopsMac === 'enforce' && warnings.length > 0) throw failed('BuildFailed', `decryption failed: ${warnings.join('; ')}`);
  return { built, warnings: isNew && sopsMac === 'warn' ? warnings : [] };
}

function digest(where: string, data: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256').update(where);
  for (const [name, value] of [...data].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`\0${name}\0${value}`);
  return hash.digest('base64');
}
