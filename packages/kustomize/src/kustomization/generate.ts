import { baseName, joinPath, type FileTree, type JsonObject } from '@sluice/core';
import { KUSTOMIZATION_FILES } from './kustomization.js';

/** The name of the kustomization file of a directory; undefined when it has none. */
export function findKustomizationFile(tree: FileTree, directory: string): string | undefined {
  return KUSTOMIZATION_FILES.find((name) => tree.stat(joinPath(directory, name)) === 'file');
}

/**
 * The kustomization that a directory without one gets, as in Flux: every YAML file in and below it; a sub-directory that
 * has a kustomization of its own as such.
 *
 * ```ts
 * build(tree, path, { rootKustomization: (existing) => existing ?? generateKustomization(tree, path) });
 * ```
 */
export function generateKustomization(tree: FileTree, directory: string): JsonObject {
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: findManifests(tree, directory, '.'),
  };
}

/** Whether a directory is only a link: Flux does not go into those, which might lead in circles. */
function isLink(tree: FileTree, parent: string, path: string): boolean {
  return tree.realPath !== undefined && tree.realPath(path) !== joinPath(tree.realPath(parent), baseName(path));
}

function findManifests(tree: FileTree, directory: string, shown: string): string[] {
  return tree.list(directory).flatMap(({ name, type }) => {
    const path = joinPath(directory, name);
    const shownPath = `${shown}/${name}`;
    if (type === 'file') return /\.ya?ml$/.test(name) ? [shownPath] : [];
    if (isLink(tree, directory, path)) return [];
    return findKustomizationFile(tree, path) === undefined ? findManifests(tree, path, shownPath) : [shownPath];
  });
}
