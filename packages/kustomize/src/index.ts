/**
 * kustomize: a kustomization in a tree of files becomes the objects that it describes, as kustomize v5.8 builds them.
 *
 * ```ts
 * const { objects, origins } = build(tree, 'apps/production', { rootKustomization });
 * ```
 *
 * - {@link build}, {@link printBuild}: what `kustomize build` does and prints.
 *
 * A build is a pure function of the files that it reads through the tree: no network, no processes, no state that another
 * build could see. What a plugin would have to run is refused.
 *
 * @module
 */
export { build, printBuild, type BuildOptions, type BuildResult } from './build/build.js';
export type { LoadRestrictions } from './build/loader.js';
export { RemoteBaseError, type Remotes } from './build/remote.js';
export type { RootKustomization } from './build/target.js';
export type { HelmChartRequest, HelmRenderer } from './generators/helm-chart.js';
export type { ResourcePlace } from './resource/resource.js';
