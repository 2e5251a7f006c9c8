import { directoryTree, type FileTree, type KubeObject } from '@sluice/core';
import { build, findKustomizationFile, generateKustomization } from '@sluice/kustomize';
import { printYaml } from '@sluice/yaml';

export const COMPONENTS_FILE = 'gotk-components.yaml';
export const SYNC_FILE = 'gotk-sync.yaml';

/** The kustomization of the directory with the manifests; undefined when people have one of their own there, which stays. */
export function missingKustomization(root: string, directory: string): { readonly path: string; readonly content: string } | undefined {
  const tree = directoryTree(root);
  if (findKustomizationFile(tree, directory) !== undefined) return undefined;
  const present = tree.stat(directory) === 'directory' ? manifestsOf(tree, directory) : [];
  const resources = [...new Set([COMPONENTS_FILE, SYNC_FILE, ...present])].toSorted();
  return {
    path: `${directory}/kustomization.yaml`,
    content: printYaml({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources }),
  };
}

/** Other manifests that lie there: as long as there was no kustomization they counted. */
function manifestsOf(tree: FileTree, directory: string): string[] {
  const { resources } = generateKustomization(tree, directory);
  return Array.isArray(resources) ? resources.map((path) => String(path).replace(/^\.\//, '')) : [];
}

/** The objects that the directory describes, with the patches that people have put there; or only those of some files of it. */
export function objectsOf(root: string, directory: string, files?: readonly string[]): readonly KubeObject[] {
  const tree = directoryTree(root);
  const rootKustomization =
    files === undefined
      ? undefined
      : () => ({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: [...files] });
  return build(tree, directory, { loadRestrictions: 'rootOnly', ...(rootKustomization === undefined ? {} : { rootKustomization }) })
    .objects;
}
