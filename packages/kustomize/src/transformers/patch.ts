import { SluiceError, isJsonObject, type ErrorPlace, type Json } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import { atPlace, restateError } from '../errors.js';
import type { Selector } from '../kustomization/kustomization.js';
import { applyJsonPatch, readJsonPatch, type JsonPatch } from '../merge/json-patch.js';
import { strategicMerge } from '../merge/strategic-merge.js';
import { fromJson, toJson } from '../node/json.js';
import { isNullOrEmpty, mappingOf } from '../node/node.js';
import { apiVersionOf } from '../resource/gvk.js';
import { withBuildAnnotations } from '../resource/build-annotations.js';
import { idText } from '../resource/resource-id.js';
import { setTexts, textsOf, type Resource } from '../resource/resource.js';
import type { ResourceList } from '../resource/resource-list.js';
import { selectResources } from '../resource/selector.js';
import type { BuildSchema } from '../schema/build-schema.js';
import { readResources } from '../build/read-resources.js';
import type { Transformer } from './transformer.js';

/** The text of a patch, and what messages call it. */
export interface PatchText {
  readonly text: string;
  /** `[path: "patch.yaml"]` or `[patch: "…"]`. */
  readonly source: string;
  readonly file?: string;
}

export interface PatchSettings {
  readonly target?: Selector;
  readonly allowNameChange?: boolean;
  readonly allowKindChange?: boolean;
}

/** A patch of either sort. Which one it is, its text decides. */
export function patchTransformer(patch: PatchText, settings: PatchSettings): Transformer {
  const resources = tryReadResources(patch);
  if (Array.isArray(resources)) return strategicMergeTransformer(patch, resources, settings);
  let operations: JsonPatch;
  try {
    operations = readPatchOperations(patch.text);
  } catch (error) {
    throw restateError(
      resources.error,
      `unable to parse SM or JSON patch from ${patch.source}: as a strategic merge patch: ${resources.error.message}; as a JSON patch: ${(error as Error).message}`,
      'PatchInvalid',
    );
  }
  const { target } = settings;
  return {
    transform(list) {
      if (target === undefined)
        throw new SluiceError('PatchInvalid', `must specify a target for JSON patch ${patch.source}`, placeOf(patch));
      for (const resource of selectResources(list.items, target, list.schema)) {
        list.update(resource, () => {
          resource.storePreviousId(list.schema);
          applyOperations(resource, operations, patch);
        });
      }
    },
  };
}

function tryReadResources({ text, file }: PatchText): Resource[] | { error: SluiceError } {
  try {
    return readResources(text, file, { takesAnyKey: true });
  } catch (error) {
    if (error instanceof SluiceError) return { error };
    throw error;
  }
}

/** The operations of a JSON patch, in JSON or YAML. */
export function readPatchOperations(text: string): JsonPatch {
  if (text === '') throw new SluiceError('PatchInvalid', 'empty json patch operations');
  return readJsonPatch(asFloats(text.startsWith('[') ? parseJson(text) : parseYaml(text)));
}

/** What begins with a bracket must be JSON all through, as in kustomize. */
function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new SluiceError('PatchInvalid', `what begins with \`[\` must be JSON: ${(cause as Error).message}`, { cause });
  }
}

function strategicMergeTransformer(source: PatchText, patches: readonly Resource[], { target, ...options }: PatchSettings): Transformer {
  for (const patch of patches) {
    patch.allowNameChange ||= options.allowNameChange === true;
    patch.allowKindChange ||= options.allowKindChange === true;
    // kustomize notes this in the annotations of the patch, and makes strings of what is there, a null included.
    const isNoted = options.allowNameChange === true || options.allowKindChange === true;
    if (isNoted && mappingOf(patch.root.get('metadata'))?.has('annotations') === true) {
      setTexts(patch, 'annotations', textsOf(patch.annotations));
    }
  }
  return {
    transform(list) {
      if (patches.length === 0) return;
      if (target === undefined) {
        for (const patch of patches) {
          const { originalId } = patch;
          let resource: Resource;
          try {
            resource = list.targetOf(originalId);
          } catch (error) {
            const message = `no resource matches strategic merge patch ${JSON.stringify(idText(originalId))}: ${(error as Error).message}`;
            throw new SluiceError('PatchTargetNotFound', message, { cause: error, ...placeOf(source, patch) });
          }
          list.update(resource, () => applyStrategicMerge(resource, patch.copy(), list.schema, source));
        }
        return;
      }
      if (patches.length > 1) {
        throw new SluiceError(
          'PatchInvalid',
          `Multiple Strategic-Merge Patches in one \`patches\` entry is not allowed to set \`patches.target\` field: ${source.source}`,
          placeOf(source),
        );
      }
      patchSelected(list, selectResources(list.items, target, list.schema), patches[0]!, source);
    },
  };
}

/** Applies a patch to resources whatever the patch itself is called, and drops those it deletes. */
export function patchSelected(list: ResourceList, selected: readonly Resource[], patch: Resource, source?: PatchText): void {
  for (const resource of selected) {
    const copy = patch.copy();
    // Labels and annotations of the patch become strings here, a null among them too: kustomize does that.
    const metadata = mappingOf(copy.root.get('metadata'));
    if (metadata?.has('labels') === true) setTexts(copy, 'labels', textsOf(copy.labels));
    if (metadata?.has('annotations') === true) setTexts(copy, 'annotations', textsOf(copy.annotations));
    copy.setApiVersion(apiVersionOf(resource.gvk));
    list.update(resource, () => applyStrategicMerge(resource, copy, list.schema, source));
  }
  list.demandDistinct();
}

/** Merges a patch into a resource. Name, kind and namespace stay unless the patch is allowed to change them. */
function applyStrategicMerge(resource: Resource, patch: Resource, schema: BuildSchema, source?: PatchText): void {
  const { name, namespace, kind } = resource;
  if (patch.allowNameChange || patch.allowKindChange) resource.storePreviousId(schema);
  const merge = (): void => {
    const merged = strategicMerge(resource.root, patch.root, (apiVersion, ofKind) => schema.schemaOf(apiVersion, ofKind));
    resource.root = mappingOf(merged) ?? new Map();
  };
  try {
    if (mayDropAnnotations(patch)) withBuildAnnotations(resource, false, merge);
    else merge();
  } catch (error) {
    if (!(error instanceof SluiceError) || error.place.file !== undefined) throw error;
    throw new SluiceError(error.reason, error.message, { cause: error, ...placeOf(source, patch) });
  }
  if (resource.isEmpty) return;
  if (!patch.allowKindChange) resource.setKind(kind);
  if (!patch.allowNameChange) resource.setName(name);
  resource.setNamespace(namespace);
}

function mayDropAnnotations({ root }: Resource): boolean {
  const metadata = root.get('metadata');
  return root.has('$patch') || !(metadata instanceof Map) || metadata.has('annotations') || metadata.has('$patch');
}

/** Applies a JSON patch to a resource. Its numbers go through float64, and annotations are always there to be added to. */
export function applyOperations(resource: Resource, operations: JsonPatch, source?: PatchText): void {
  withBuildAnnotations(resource, true, () => {
    let patched: Json;
    try {
      patched = applyJsonPatch(asFloats(toJson(resource.root)), operations);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      throw new SluiceError(error.reason, error.message, { cause: error, ...placeOf(source, resource) });
    }
    if (!isJsonObject(patched)) {
      throw new SluiceError(
        'PatchInvalid',
        'json: cannot unmarshal array into Go value of type map[string]interface {}',
        placeOf(source, resource),
      );
    }
    resource.root = mappingOf(fromJson(patched)) ?? new Map();
  });
  if (!isNullOrEmpty(resource.root.get('metadata'))) setTexts(resource, 'annotations', textsOf(resource.annotations));
}

function asFloats(value: Json): Json {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(asFloats);
  if (!isJsonObject(value)) return value;
  const object = value as Record<string, Json>;
  for (const key of Object.keys(object)) {
    const field = object[key]!;
    if (typeof field === 'bigint' || typeof field === 'object') {
      Object.defineProperty(object, key, { value: asFloats(field), writable: true, enumerable: true, configurable: true });
    }
  }
  return value;
}

function placeOf(source: PatchText | undefined, patch?: Resource): { place?: ErrorPlace } {
  return atPlace(patch?.place ?? (source?.file === undefined ? undefined : { file: source.file }));
}
