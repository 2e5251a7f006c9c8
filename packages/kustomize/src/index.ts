/**
 * kustomize: a kustomization in a tree of files becomes the objects that it describes, as kustomize v5.8 builds them.
 *
 * ```ts
 * const { objects, origins } = build(tree, 'apps/production', { rootKustomization });
 * ```
 *
 * - {@link build}, {@link printBuild}: what `kustomize build` does and prints.
 * - {@link generateKustomization}: what Flux does where no kustomization is.
 *
 * A build is a pure function of the files that it reads through the tree: no network, no processes, no state that another
 * build could see. What a plugin would have to run is refused.
 *
 * @module
 */
export { build, printBuild, type BuildOptions, type BuildResult } from './build/build.js';
export type { LoadRestrictions } from './build/loader.js';
export { remoteBaseOf, type Remotes } from './build/remote.js';
export type { RootKustomization } from './build/kustomization-file.js';
export type { HelmChartRequest, HelmRenderer } from './generators/helm-chart.js';
export { findKustomizationFile, generateKustomization } from './kustomization/generate.js';
export { KUSTOMIZATION_FILES } from './kustomization/kustomization.js';
export type { ResourcePlace } from './resource/resource.js';
