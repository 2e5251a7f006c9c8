import { SluiceError } from '@sluice/core';
import { atPlace } from '../errors.js';
import type { BuildSchema } from '../schema/build-schema.js';
import { textsOf, setTexts, type Resource } from './resource.js';
import { idKey, idText, type ResourceId } from './resource-id.js';
import { mappingOf } from '../node/node.js';
import { effectiveNamespace } from './resource-id.js';
import { setDataMap } from './data-map.js';

/**
 * Resources in the order in which they came, no two with the same id. Looked up through indexes that are made when they
 * are first needed and dropped by whoever changes ids ({@link changed}).
 */
export class ResourceList {
  readonly schema: BuildSchema;
  #items: Resource[];
  #byCurrentKey: Map<string, Resource[]> | undefined;
  #byAnyKey: Map<string, Resource[]> | undefined;

  constructor(schema: BuildSchema, items: readonly Resource[] = []) {
    this.schema = schema;
    this.#items = [];
    for (const item of items) this.append(item);
  }

  get items(): readonly Resource[] {
    return this.#items;
  }

  /** To be called after ids have changed. */
  changed(): void {
    this.#byCurrentKey = undefined;
    this.#byAnyKey = undefined;
  }

  /** Runs a change of one resource. The indexes stay unless it lost or changed an id, or is gone. */
  update(resource: Resource, change: () => void): void {
    const key = resource.currentKey(this.schema);
    const previous = resource.previousIds.length;
    change();
    const keepsIds = resource.currentKey(this.schema) === key && resource.previousIds.length >= previous;
    if (resource.isEmpty || !keepsIds) this.changed();
  }

  append(resource: Resource): void {
    const key = resource.currentKey(this.schema);
    const current = this.#currentIndex();
    if (current.has(key)) {
      throw new SluiceError(
        'ResourceConflict',
        `may not add resource with an already registered id: ${idText(resource.currentId)}`,
        atPlace(resource.place),
      );
    }
    this.#items.push(resource);
    current.set(key, [resource]);
    if (this.#byAnyKey !== undefined) addToIndex(this.#byAnyKey, resource, resource.allKeys(this.schema));
  }

  appendAll(resources: Iterable<Resource>): void {
    for (const resource of resources) this.append(resource);
  }

  /** Takes the resources of a generator, each by its behavior: as a new one, or in place of one that is there. */
  absorbAll(resources: Iterable<Resource>): void {
    for (const resource of resources) this.#absorb(resource);
  }

  /** Other resources in the place of these. Ids are checked again. */
  reset(items: readonly Resource[]): void {
    this.#items = [];
    this.changed();
    this.appendAll(items);
  }

  /** Drops what a patch deleted. Throws if two resources have the same id now. */
  demandDistinct(): void {
    if (this.#byCurrentKey === undefined) this.reset(this.#items.filter((item) => !item.isEmpty));
  }

  dropEmpty(): void {
    if (!this.#items.some((item) => item.isEmpty)) return;
    this.#items = this.#items.filter((item) => !item.isEmpty);
    this.changed();
  }

  withCurrentKey(key: string): readonly Resource[] {
    return this.#currentIndex().get(key) ?? [];
  }

  /** The resources that have an id, or had it before a transformer changed it. */
  withAnyId({ gvk, name, namespace }: ResourceId): readonly Resource[] {
    return this.#anyIndex().get(idKey(gvk, name, effectiveNamespace(namespace, this.schema.isClusterWide(gvk)))) ?? [];
  }

  /** The one resource that a patch is for. */
  targetOf(id: ResourceId): Resource {
    const [first, second] = this.withAnyId(id);
    const text = idText(id);
    if (first !== undefined && second === undefined) return first;
    const found = first === undefined ? 'no matches' : 'multiple matches';
    throw new SluiceError('PatchTargetNotFound', `${found} for Id ${text}; failed to find unique target for patch ${text}`);
  }

  #absorb(resource: Resource): void {
    const id = resource.currentId;
    const matches = this.withAnyId(id);
    const [old] = matches;
    if (matches.length > 1) {
      throw new SluiceError(
        'ResourceConflict',
        `found multiple objects [${matches.map((match) => idText(match.currentId)).join(' ')}] that could accept merge of ${idText(id)}`,
      );
    }
    if (old === undefined) {
      if (resource.behavior === 'merge' || resource.behavior === 'replace') {
        throw new SluiceError('ResourceConflict', `id ${goIdText(id)} does not exist; cannot merge or replace`);
      }
      this.append(resource);
      return;
    }
    if (resource.behavior !== 'merge' && resource.behavior !== 'replace') {
      throw new SluiceError(
        'ResourceConflict',
        `id ${goIdText(id)} exists; can not use behavior: '${resource.behavior ?? 'unspecified'}', behavior must be merge or replace`,
      );
    }
    const isMerge = resource.behavior === 'merge';
    takeMetadata(resource, old);
    if (isMerge) {
      mergeData(resource, old, 'data');
      mergeData(resource, old, 'binaryData');
    }
    this.#items[this.#items.indexOf(old)] = resource;
    this.changed();
  }

  #currentIndex(): Map<string, Resource[]> {
    if (this.#byCurrentKey === undefined) {
      this.#byCurrentKey = new Map();
      for (const item of this.#items) addToIndex(this.#byCurrentKey, item, [item.currentKey(this.schema)]);
    }
    return this.#byCurrentKey;
  }

  #anyIndex(): Map<string, Resource[]> {
    if (this.#byAnyKey === undefined) {
      this.#byAnyKey = new Map();
      for (const item of this.#items) if (!item.isEmpty) addToIndex(this.#byAnyKey, item, item.allKeys(this.schema));
    }
    return this.#byAnyKey;
  }
}

function addToIndex(index: Map<string, Resource[]>, resource: Resource, keys: Iterable<string>): void {
  for (const key of keys) {
    const there = index.get(key);
    if (there === undefined) index.set(key, [resource]);
    else there.push(resource);
  }
}

/** Names, labels and annotations of the resource that is replaced; what the new one says wins. */
function takeMetadata(resource: Resource, old: Resource): void {
  setTexts(resource, 'labels', new Map([...textsOf(old.labels), ...textsOf(resource.labels)]));
  setTexts(resource, 'annotations', new Map([...textsOf(old.annotations), ...textsOf(resource.annotations)]));
  resource.setName(old.name);
  resource.setNamespace(old.namespace);
  resource.previousIds = [...old.previousIds];
  resource.prefixes = [...old.prefixes];
  resource.suffixes = [...old.suffixes];
  resource.needsHash &&= old.needsHash;
  resource.isFromHelm = old.isFromHelm;
  resource.varNames = [...old.varNames];
  resource.origin = resource.behavior === 'merge' ? (old.origin ?? resource.origin) : (resource.origin ?? old.origin);
  resource.transformations = [...old.transformations];
  resource.behavior = old.behavior;
}

function mergeData(resource: Resource, old: Resource, field: 'data' | 'binaryData'): void {
  const merged = new Map([...textsOf(mappingOf(old.root.get(field))), ...textsOf(mappingOf(resource.root.get(field)))]);
  setDataMap(resource, field, merged);
}

/** An id as Go prints the struct: people search for this text. */
function goIdText({ gvk, name, namespace }: ResourceId): string {
  const group = `Group:${JSON.stringify(gvk.group)}, Version:${JSON.stringify(gvk.version)}, Kind:${JSON.stringify(gvk.kind)}`;
  return `resid.ResId{Gvk:resid.Gvk{${group}, isClusterScoped:false}, Name:${JSON.stringify(name)}, Namespace:${JSON.stringify(namespace)}}`;
}
