import { groupOf, isJsonObject, memoryTree, setOwn, versionOf, type Json, type JsonObject } from '@sluice/core';
import type { HelmRelease } from '@sluice/api';
import type { PostRenderer } from '@sluice/helm';
import { build, printBuild } from '@sluice/kustomize';
import { parseYamlDocuments, printYaml } from '@sluice/yaml';
import { originLabels } from './spec.js';

type Renderer = NonNullable<NonNullable<HelmRelease['spec']['postRenderers']>[number]['kustomize']>;

/** What becomes of rendered manifests: the post-renderers in their order, common metadata, labels that say whose they are. */
export function postRendererOf(object: HelmRelease): PostRenderer['run'] {
  const renderers = (object.spec.postRenderers ?? []).flatMap(({ kustomize }) => kustomize ?? []);
  const { commonMetadata } = object.spec;
  const labels = { ...commonMetadata?.labels, ...originLabels(object) };
  const annotations = commonMetadata?.annotations ?? {};
  if (renderers.length === 0) return { documents: (documents) => withMetadata(documents, labels, annotations) };
  return (manifests) => {
    let result = manifests;
    for (const renderer of renderers) result = kustomized(result, renderer);
    const documents = parseYamlDocuments(result, { types: 'kyaml', file: INPUT }).flatMap(({ value }) =>
      isJsonObject(value) ? [value] : [],
    );
    return withMetadata(documents, labels, annotations)
      .map((document) => printYaml(document))
      .join('---\n');
  };
}

const INPUT = 'helm-output.yaml';

function kustomized(manifests: string, { patches = [], images = [] }: Renderer): string {
  const kustomization: JsonObject = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [INPUT],
    ...(patches.length === 0 ? {} : { patches }),
    ...(images.length === 0 ? {} : { images }),
  };
  const tree = memoryTree({ [INPUT]: manifests, 'kustomization.yaml': JSON.stringify(kustomization) });
  return printBuild(build(tree, '.', { loadRestrictions: 'none' }));
}

function withMetadata(
  documents: readonly JsonObject[],
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): JsonObject[] {
  const seen = new Set<string>();
  return documents.flatMap(items).map((object) => {
    const id = idOf(object);
    if (seen.has(id)) throw new Error(`may not add resource with an already registered id: ${id}`);
    seen.add(id);
    const metadata = objectAt(object, 'metadata');
    return { ...object, metadata: { ...metadata, ...added(metadata, 'labels', labels), ...added(metadata, 'annotations', annotations) } };
  });
}

/** A list is what is in it. */
function items(object: JsonObject): JsonObject[] {
  const { kind, items: listed } = object;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(listed)) return [object];
  return listed.flatMap((item: Json) => (isJsonObject(item) ? [item] : []));
}

/** `Deployment.v1.apps/web.[noNs]` */
function idOf(object: JsonObject): string {
  const { name, namespace } = objectAt(object, 'metadata');
  const apiVersion = text(object['apiVersion']);
  const group = groupOf(apiVersion);
  return `${text(object['kind'])}.${versionOf(apiVersion)}.${group === '' ? '[noGrp]' : group}/${text(name)}.${text(namespace) === '' ? '[noNs]' : text(namespace)}`;
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function added(metadata: JsonObject, field: 'labels' | 'annotations', more: Readonly<Record<string, string>>): JsonObject {
  if (Object.keys(more).length === 0) return {};
  const merged: { [key: string]: Json } = { ...objectAt(metadata, field) };
  for (const [key, value] of Object.entries(more)) setOwn(merged, key, value);
  return { [field]: merged };
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return isJsonObject(value) ? value : {};
}
