import { defaultSettings, type KustomizationSettings } from '../kustomization/settings.js';

/** What the operator of the engine decides for all HelmReleases. */
export interface HelmReleaseSettings extends Pick<
  KustomizationSettings,
  | 'requeueDependencyMs'
  | 'noCrossNamespaceRefs'
  | 'defaultServiceAccount'
  | 'allowExternalArtifact'
  | 'additiveDependencyCheck'
  | 'cancelHealthChecks'
  | 'insecureKubeconfigExec'
  | 'insecureKubeconfigTls'
  | 'defaultKubeconfigServiceAccount'
  | 'requestConcurrency'
  | 'sopsAgeSecret'
  | 'sopsMac'
> {
  /** What fails is tried again after a while, where a HelmRelease says nothing else. */
  readonly retryByDefault: boolean;
  /** As Helm 3 did it: no server-side apply, hooks not post-rendered. */
  readonly helm3: boolean;
  /** The digest of an OCI artifact becomes part of the version of its chart, so that a tag that moves is noticed. */
  readonly trackChartDigests: boolean;
  /** How many charts render at the same time. */
  readonly renderers: number;
}

export const helmDefaults: HelmReleaseSettings = {
  ...defaultSettings,
  retryByDefault: false,
  helm3: false,
  trackChartDigests: true,
  renderers: 1,
};
