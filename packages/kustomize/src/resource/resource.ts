import type { BuildSchema } from '../schema/build-schema.js';
import {
  Scalar,
  copyMapping,
  ensureMapping,
  isNullOrEmpty,
  mappingOf,
  setField,
  stringScalar,
  textOf,
  untaggedScalar,
} from '../node/node.js';
import type { Mapping, Node } from '../node/node.js';
import { isSelectedBy, gvkOf, type Gvk } from './gvk.js';
import type { Origin } from './origin.js';
import { effectiveNamespace, idKey, type ResourceId } from './resource-id.js';
import { takeBuildAnnotations } from './build-annotations.js';

/** What a generator does with a resource that is there already. */
export type GeneratorBehavior = 'unspecified' | 'create' | 'replace' | 'merge';

/** A name that a resource had before a transformer changed it. The namespace is the effective one. */
export interface PreviousId {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
}

/** Where the text of a resource stands. */
export interface ResourcePlace {
  readonly file: string;
  readonly line?: number;
}

/**
 * A resource while it is being built: its fields, and what the build has to remember about it — the names it had, the
 * prefixes and suffixes it got — to find later who refers to it.
 */
export class Resource {
  /** The fields. A resource that a patch deleted has none; see {@link isEmpty}. */
  root: Mapping;
  readonly place: ResourcePlace | undefined;
  previousIds: PreviousId[] = [];
  prefixes: string[] = [];
  suffixes: string[] = [];
  /** Of a generated resource: what becomes of one of its name that is there already. */
  behavior: GeneratorBehavior | undefined;
  needsHash = false;
  /** Rendered by Helm, which knows its namespace: the namespace transformer leaves it alone. */
  isFromHelm = false;
  /** Of a patch: whether it may rename its target, or change its kind. */
  allowNameChange = false;
  allowKindChange = false;
  /** The vars whose value comes from here. */
  varNames: string[] = [];
  origin: Origin | undefined;
  transformations: Origin[] = [];

  #gvk: Gvk | undefined;
  #gvkApiVersion: Node | undefined;
  #gvkKind: Node | undefined;

  constructor(root: Mapping, place?: ResourcePlace) {
    this.root = root;
    this.place = place;
    takeBuildAnnotations(this);
  }

  get isEmpty(): boolean {
    return this.root.size === 0;
  }

  get kind(): string {
    return textOf(this.root.get('kind'));
  }

  get apiVersion(): string {
    return textOf(this.root.get('apiVersion'));
  }

  get gvk(): Gvk {
    const apiVersion = this.root.get('apiVersion');
    const kind = this.root.get('kind');
    if (this.#gvk === undefined || apiVersion !== this.#gvkApiVersion || kind !== this.#gvkKind) {
      this.#gvk = gvkOf(textOf(apiVersion), textOf(kind));
      this.#gvkApiVersion = apiVersion;
      this.#gvkKind = kind;
    }
    return this.#gvk;
  }

  get name(): string {
    return this.#metaText('name');
  }

  get namespace(): string {
    return this.#metaText('namespace');
  }

  get annotations(): Mapping | undefined {
    return mappingOf(mappingOf(this.root.get('metadata'))?.get('annotations'));
  }

  get labels(): Mapping | undefined {
    return mappingOf(mappingOf(this.root.get('metadata'))?.get('labels'));
  }

  get currentId(): ResourceId {
    return { gvk: this.gvk, name: this.name, namespace: this.namespace };
  }

  /** The id it came with. */
  get originalId(): ResourceId {
    const first = this.previousIds[0];
    return first === undefined ? this.currentId : { gvk: { ...this.gvk, kind: first.kind }, name: first.name, namespace: first.namespace };
  }

  currentNamespace(schema: BuildSchema): string {
    return effectiveNamespace(this.namespace, schema.isClusterWide(this.gvk));
  }

  originalNamespace(schema: BuildSchema): string {
    return this.previousIds[0]?.namespace ?? this.currentNamespace(schema);
  }

  currentKey(schema: BuildSchema): string {
    return idKey(this.gvk, this.name, this.currentNamespace(schema));
  }

  /** The keys of all ids it had and has. */
  allKeys(schema: BuildSchema): Set<string> {
    const keys = new Set([this.currentKey(schema)]);
    for (const { kind, name, namespace } of this.previousIds) keys.add(idKey({ ...this.gvk, kind }, name, namespace));
    return keys;
  }

  /** Whether it was of a selected kind under one of its earlier names. */
  wasSelectedBy(selector: Gvk): boolean {
    return this.previousIds.some(({ kind }) => isSelectedBy(kind === this.kind ? this.gvk : { ...this.gvk, kind }, selector));
  }

  storePreviousId(schema: BuildSchema): void {
    this.previousIds.push({ namespace: this.currentNamespace(schema), name: this.name, kind: this.kind });
  }

  setKind(kind: string): void {
    setField(this.root, 'kind', untaggedScalar(kind));
  }

  setApiVersion(apiVersion: string): void {
    setField(this.root, 'apiVersion', untaggedScalar(apiVersion));
  }

  setName(name: string): void {
    setField(ensureMapping(this.root, 'metadata'), 'name', untaggedScalar(name));
  }

  /** Sets the namespace; the empty one takes the field away. */
  setNamespace(namespace: string): void {
    if (namespace !== '') setField(ensureMapping(this.root, 'metadata'), 'namespace', untaggedScalar(namespace));
    else mappingOf(this.root.get('metadata'))?.delete('namespace');
  }

  setAnnotation(key: string, value: string): void {
    ensureMapping(this.root, 'metadata', 'annotations').set(key, stringScalar(value));
  }

  copy(): Resource {
    const copy = new Resource(copyMapping(this.root), this.place);
    copy.previousIds = [...this.previousIds];
    copy.prefixes = [...this.prefixes];
    copy.suffixes = [...this.suffixes];
    copy.behavior = this.behavior;
    copy.needsHash = this.needsHash;
    copy.isFromHelm = this.isFromHelm;
    copy.allowNameChange = this.allowNameChange;
    copy.allowKindChange = this.allowKindChange;
    copy.varNames = [...this.varNames];
    copy.origin = this.origin;
    copy.transformations = [...this.transformations];
    return copy;
  }

  #metaText(field: string): string {
    const value = mappingOf(this.root.get('metadata'))?.get(field);
    return isNullOrEmpty(value) ? '' : textOf(value);
  }
}

/** The texts of a map of strings, as kustomize reads labels and annotations: whatever a value is, its text counts. */
export function textsOf(mapping: Mapping | undefined): Map<string, string> {
  const texts = new Map<string, string>();
  mapping?.forEach((value, key) => texts.set(key, value instanceof Scalar ? value.text : ''));
  return texts;
}

/** Labels or annotations written anew as strings; none of them takes the field away. */
export function setTexts(resource: Resource, field: 'labels' | 'annotations', texts: ReadonlyMap<string, string>): void {
  const metadata = ensureMapping(resource.root, 'metadata');
  if (texts.size === 0) {
    metadata.delete(field);
    return;
  }
  const mapping: Mapping = new Map();
  texts.forEach((text, key) => mapping.set(key, stringScalar(text)));
  metadata.set(field, mapping);
}
