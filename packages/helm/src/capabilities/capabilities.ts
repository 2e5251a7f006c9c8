import { SluiceError } from '@sluice/core';
import type { HelmVersion } from '../version.js';
import { defaultApiVersions } from './api-versions.js';

/** What `.Capabilities.KubeVersion` says. */
export interface KubeVersion {
  /** As it was given, with its suffix (Helm 3: without). */
  readonly version: string;
  /** What ranges are checked against: without the suffix. */
  readonly normalized: string;
  readonly major: string;
  readonly minor: string;
}

/** What templates may know of the cluster. */
export interface Capabilities {
  readonly kubeVersion: KubeVersion;
  /** Group versions, and `group/version/Kind`. */
  readonly apiVersions: readonly string[];
}

/** Without a cluster: the version of Kubernetes that the client library of Helm 4.2 (Helm 3.22) is of. */
const DEFAULT_KUBE_VERSION = { 3: 'v1.37.0', 4: 'v1.36.0' } as const;

/** The capabilities of no cluster, or of one that is described by hand. */
export function capabilities(helm: HelmVersion, kubeVersion?: string, apiVersions: readonly string[] = []): Capabilities {
  if (kubeVersion === undefined && apiVersions.length === 0) return (defaults[helm] ??= describe(helm, DEFAULT_KUBE_VERSION[helm], []));
  return describe(helm, kubeVersion ?? DEFAULT_KUBE_VERSION[helm], apiVersions);
}

const defaults: { [Helm in HelmVersion]?: Capabilities } = {};

function describe(helm: HelmVersion, kubeVersion: string, apiVersions: readonly string[]): Capabilities {
  return {
    kubeVersion: parseKubeVersion(kubeVersion, helm),
    apiVersions: [...defaultApiVersions, ...apiVersions],
  };
}

/** Reads a version of Kubernetes: two or more numbers with points between, and whatever comes then. */
export function parseKubeVersion(text: string, helm: HelmVersion): KubeVersion {
  const match = /^\s*v?([0-9]+(?:\.[0-9]+)*)/.exec(text);
  const numbers = match?.[1];
  if (numbers === undefined) throw invalid(`could not parse ${JSON.stringify(text)} as version`);
  const parts = numbers.split('.');
  const [major = '', minor] = parts;
  if (minor === undefined) throw invalid(`illegal version string ${JSON.stringify(text)}`);
  for (const part of parts) {
    if (part.length > 1 && part.startsWith('0')) {
      throw invalid(`illegal zero-prefixed version component ${JSON.stringify(part)} in ${JSON.stringify(text)}`);
    }
  }
  const normalized = `v${numbers}`;
  return { version: helm === 3 ? normalized : text.startsWith('v') ? text : `v${text}`, normalized, major, minor };
}

function invalid(message: string): SluiceError {
  return new SluiceError('VersionInvalid', message);
}
