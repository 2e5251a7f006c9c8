import type { CustomStageKinds } from '../apply/order.js';

/** What the operator of the engine decides for all Kustomizations. */
export interface KustomizationSettings {
  /** How long to wait before looking again for something that is missing. A watch is faster; this is its safety net. */
  readonly requeueDependencyMs: number;
  /** Sources and dependencies of other namespaces are refused. */
  readonly noCrossNamespaceRefs: boolean;
  /** Who applies for Kustomizations that name no ServiceAccount; the engine itself when absent. */
  readonly defaultServiceAccount?: string;
  readonly allowExternalArtifact: boolean;
  /** Kustomizations may not build bases, components and files that are named by a URL. */
  readonly noRemoteBases: boolean;
  /** A variable without value and default fails the build. */
  readonly strictSubstitutions: boolean;
  /** A `readyExpr` is asked in addition to the built-in check, not in its place. */
  readonly additiveDependencyCheck: boolean;
  readonly customStageKinds: CustomStageKinds;
  /** More field managers whose fields are taken over. */
  readonly overrideManagers: readonly string[];
  readonly migrateApiVersion: boolean;
  /** A health wait ends when a newer revision or spec is there. */
  readonly cancelHealthChecks: boolean;
  /**
   * What a file leads to whose content is not what SOPS has encrypted: a failed build, an event that names the file, or
   * nothing, as with Flux.
   */
  readonly sopsMac: 'enforce' | 'warn' | 'ignore';
  /** A Secret with age keys for Kustomizations that name none of their own. */
  readonly sopsAgeSecret?: { readonly namespace: string; readonly name: string };
  /** Kubeconfigs from the cluster may run commands of this machine for credentials, and read its files. */
  readonly insecureKubeconfigExec: boolean;
  /** Kubeconfigs from the cluster may ask not to check a server's certificate. */
  readonly insecureKubeconfigTls: boolean;
  /** Who is asked for where a ConfigMap describes another cluster, and names no ServiceAccount; the engine itself when absent. */
  readonly defaultKubeconfigServiceAccount?: string;
  /** Whom to be at services that hold keys of files, where a Kustomization names nobody; the engine itself when absent. */
  readonly defaultDecryptionServiceAccount?: string;
  /** The largest share of what was applied that one pass may delete, in (0, 1]. Everything is refused in any case when a build came out empty. */
  readonly pruneLimit: number;
  /** How many requests of one Kustomization are under way at a time. */
  readonly requestConcurrency: number;
}

export const defaultSettings: KustomizationSettings = {
  requeueDependencyMs: 30_000,
  noCrossNamespaceRefs: false,
  allowExternalArtifact: true,
  noRemoteBases: false,
  strictSubstitutions: true,
  additiveDependencyCheck: false,
  customStageKinds: new Set(),
  overrideManagers: [],
  migrateApiVersion: false,
  cancelHealthChecks: true,
  sopsMac: 'warn',
  insecureKubeconfigExec: false,
  insecureKubeconfigTls: false,
  pruneLimit: 1,
  requestConcurrency: 8,
};

/** The field manager of everything that Kustomizations apply, and the name under which their controller reports. */
export const MANAGER = 'kustomize-controller';
