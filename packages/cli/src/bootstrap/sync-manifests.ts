import { formatDuration } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import { GENERATED } from '../install/index.js';

/** What keeps a cluster equal to a directory of a repository. */
export interface SyncOptions {
  /** Of the GitRepository and the Kustomization, and their namespace. */
  readonly name: string;
  readonly namespace: string;
  readonly url: string;
  readonly branch: string;
  readonly tag?: string;
  readonly semver?: string;
  readonly commit?: string;
  readonly secretName: string;
  readonly intervalMs: number;
  /** The directory, as it was written. */
  readonly path: string;
  readonly recurseSubmodules?: boolean;
  readonly provider?: string;
  readonly sparseCheckout?: readonly string[];
  /** Who applies, where nobody applies as the controllers by default. */
  readonly serviceAccountName?: string;
}

/** How often the cluster is compared with the directory, besides each time that the repository changes. */
const KUSTOMIZATION_INTERVAL = '10m0s';

/** `gotk-sync.yaml`: the GitRepository and the Kustomization that everything else in the repository hangs on. */
export function syncText(options: SyncOptions): string {
  const { name, namespace, url, branch, tag, semver, commit, secretName, intervalMs, path } = options;
  const repository = {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name, namespace },
    spec: present({
      interval: formatDuration(intervalMs),
      provider: options.provider,
      recurseSubmodules: options.recurseSubmodules,
      ref: present({ branch, tag, semver, commit }),
      secretRef: { name: secretName },
      sparseCheckout: options.sparseCheckout?.length === 0 ? undefined : options.sparseCheckout,
      url,
    }),
  };
  const kustomization = {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace },
    spec: present({
      interval: KUSTOMIZATION_INTERVAL,
      path: `./${path.replace(/^\.\//, '')}`,
      prune: true,
      serviceAccountName: options.serviceAccountName,
      sourceRef: { kind: 'GitRepository', name },
    }),
  };
  return `${GENERATED}\n---\n${printYaml(repository)}---\n${printYaml(kustomization)}`;
}

/** Without what is not asked for. */
function present(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== '' && value !== false));
}
