/**
 * The custom resources of the Flux API, each defined once: its TypeScript type, its CRD, its validation and its
 * documentation come from one schema.
 *
 * ```ts
 * import { crdOf, gitRepository, type GitRepository } from '@sluice/api';
 * await cluster.apply(crdOf(gitRepository), { fieldManager: 'sluice' });
 * ```
 *
 * @module
 */
import { printYaml } from '@sluice/yaml';
import type { KubeObject } from '@sluice/core';
import { crdOf, type CustomResource } from './dsl/custom-resource.js';
import { helmRelease } from './helm/helm-release.js';
import { imagePolicy } from './image/image-policy.js';
import { imageRepository } from './image/image-repository.js';
import { imageUpdateAutomation } from './image/image-update-automation.js';
import { kustomization } from './kustomize/kustomization.js';
import { alert } from './notification/alert.js';
import { provider } from './notification/provider.js';
import { receiver } from './notification/receiver.js';
import { bucket } from './source/bucket.js';
import { externalArtifact } from './source/external-artifact.js';
import { gitRepository } from './source/git-repository.js';
import { helmChart } from './source/helm-chart.js';
import { helmRepository } from './source/helm-repository.js';
import { ociRepository } from './source/oci-repository.js';
import { resourceValidator, type ValidatedResource } from './validate.js';

export { crdOf, type CustomResource, type PrinterColumn, type ResourceVersion } from './dsl/custom-resource.js';
export { helmRelease, type HelmRelease } from './helm/helm-release.js';
export type { ReleaseSnapshot } from './helm/release-snapshot.js';
export { imagePolicy, type ImagePolicy } from './image/image-policy.js';
export type { ImageReference } from './image/image-reference.js';
export { imageRepository, type ImageRepository } from './image/image-repository.js';
export { imageUpdateAutomation, type ImageUpdateAutomation } from './image/image-update-automation.js';
export { kustomization, type Kustomization } from './kustomize/kustomization.js';
export { alert, type Alert } from './notification/alert.js';
export { provider, type Provider } from './notification/provider.js';
export { receiver, type Receiver } from './notification/receiver.js';
export { finalizer, groups } from './shared/names.js';
export type { Artifact, Condition } from './shared/status.js';
export type { HistoryEntry, Inventory } from './shared/workload.js';
export { bucket, type Bucket } from './source/bucket.js';
export { externalArtifact, type ExternalArtifact } from './source/external-artifact.js';
export { gitRepository, type GitRepository } from './source/git-repository.js';
export { helmChart, type HelmChart } from './source/helm-chart.js';
export { helmRepository, type HelmRepository } from './source/helm-repository.js';
export { ociRepository, type OCIRepository } from './source/oci-repository.js';

/** Every kind, in the order to install them in. */
export const customResources: readonly CustomResource[] = [
  gitRepository,
  ociRepository,
  helmRepository,
  helmChart,
  bucket,
  externalArtifact,
  kustomization,
  helmRelease,
  provider,
  alert,
  receiver,
  imageRepository,
  imagePolicy,
  imageUpdateAutomation,
];

/** The CustomResourceDefinitions of some kinds as one YAML stream, as people install them. */
export function crdYaml(definitions: readonly CustomResource[] = customResources): string {
  return definitions.map((definition) => `---\n${printYaml(crdOf(definition) as never)}`).join('');
}

const validate = resourceValidator(customResources);

/**
 * Checks an object of one of {@link customResources} the way the API server does: unknown fields, defaults, types, patterns.
 * Undefined for an object of another kind or version. What only a cluster knows (whether a Secret is there) is not checked.
 */
export function validateResource(object: KubeObject): ValidatedResource | undefined {
  return validate(object);
}
