import { joinPath, type FileTree, type JsonObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { generateKustomization } from '@sluice/kustomize';
import { parseYaml } from '@sluice/yaml';

/**
 * The kustomization that is built for a Kustomization: the one in its path, or else one of all manifests below the path;
 * with what the spec adds to it.
 */
export function rootKustomization(tree: FileTree, path: string, { spec }: Kustomization): (existing: Uint8Array | undefined) => JsonObject {
  const exists = (component: string): boolean => tree.stat(joinPath(path, component)) !== undefined;
  return (existing) => withSpec(existing === undefined ? generated(tree, path) : parsed(existing), spec, exists);
}

function parsed(existing: Uint8Array): JsonObject {
  const content = (parseYaml(Buffer.from(existing).toString('utf8')) ?? {}) as JsonObject;
  // kustomize refuses a file without anything to build; what the spec adds may be all there is.
  return hasResources(content) ? content : { ...content, buildMetadata: ['originAnnotations'] };
}

function generated(tree: FileTree, path: string): JsonObject {
  const content = generateKustomization(tree, path);
  // The same for an empty directory; the name is never seen, as there is nothing to put into it.
  return hasResources(content) ? content : { ...content, namespace: '_placeholder' };
}

function hasResources({ resources }: JsonObject): boolean {
  return Array.isArray(resources) && resources.length > 0;
}

type Spec = Kustomization['spec'];

function withSpec(content: JsonObject, spec: Spec, exists: (component: string) => boolean): JsonObject {
  return {
    ...content,
    ...(spec.targetNamespace === undefined ? {} : { namespace: spec.targetNamespace }),
    ...(spec.namePrefix === undefined ? {} : { namePrefix: spec.namePrefix }),
    ...(spec.nameSuffix === undefined ? {} : { nameSuffix: spec.nameSuffix }),
    ...appended('patches', content, spec.patches),
    ...appended('components', content, components(spec, exists)),
    ...(spec.images === undefined ? {} : { images: mergedImages(listOf(content, 'images') as unknown as Image[], spec.images) }),
    ...((spec.buildMetadata ?? []).length === 0 ? {} : { buildMetadata: spec.buildMetadata }),
  };
}

function components({ components = [], ignoreMissingComponents }: Spec, exists: (component: string) => boolean): readonly string[] {
  for (const component of components) {
    if (component.startsWith('/') || component.includes('://')) throw new Error(`component path '${component}' must be local and relative`);
  }
  return ignoreMissingComponents === true ? components.filter(exists) : components;
}

function appended(field: string, content: JsonObject, more: readonly unknown[] | undefined): Record<string, unknown> {
  return more === undefined || more.length === 0 ? {} : { [field]: [...listOf(content, field), ...more] };
}

function listOf(content: JsonObject, field: string): readonly unknown[] {
  const list = content[field];
  return Array.isArray(list) ? list : [];
}

type Image = NonNullable<Spec['images']>[number];

/** Overrides win field by field; tag and digest are one: setting either replaces both. */
function mergedImages(images: readonly Image[], overrides: readonly Image[]): Image[] {
  const result = [...images];
  for (const override of overrides) {
    const index = result.findIndex(({ name }) => name === override.name);
    if (index < 0) {
      result.push(override);
      continue;
    }
    const { newTag: _, digest: __, ...rest } = result[index]!;
    const replacesVersion = override.newTag !== undefined || override.digest !== undefined;
    result[index] = { ...(replacesVersion ? rest : result[index]!), ...override };
  }
  return result;
}
