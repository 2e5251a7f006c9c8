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
import type { CustomResource } from './dsl/custom-resource.js';
import { kustomization } from './kustomize/kustomization.js';
import { gitRepository } from './source/git-repository.js';

export { crdOf, type CustomResource, type PrinterColumn, type ResourceVersion } from './dsl/custom-resource.js';
export { kustomization, type Inventory, type Kustomization } from './kustomize/kustomization.js';
export { annotations, finalizer, groups } from './shared/names.js';
export type { Artifact, Condition } from './shared/status.js';
export type { HistoryEntry } from './shared/workload.js';
export { gitRepository, type GitRepository } from './source/git-repository.js';

/** Every kind, in the order to install them in. */
export const customResources: readonly CustomResource[] = [gitRepository, kustomization];
