import { SluiceError } from '@sluice/core';
import type { FieldSpec, NameReference } from '../config/field-spec.js';
import { atPlace, wrapError } from '../errors.js';
import {
  Scalar,
  isNull,
  mappingOf,
  rawTextOf,
  replaceScalar,
  setField,
  textOf,
  untaggedScalar,
  type Mapping,
  type Node,
} from '../node/node.js';
import { toJson } from '../node/json.js';
import { printYaml } from '@sluice/yaml';
import { gvkKey, isSelectedBy, type Gvk } from '../resource/gvk.js';
import { shownBuildAnnotations } from '../resource/build-annotations.js';
import { idText } from '../resource/resource-id.js';
import type { Resource } from '../resource/resource.js';
import type { ResourceList } from '../resource/resource-list.js';
import type { BuildSchema } from '../schema/build-schema.js';
import { changeField } from './field-path.js';

/** A field that holds the name of an object of a kind. */
interface ReferenceField {
  readonly spec: FieldSpec;
  readonly target: Gvk;
}

/**
 * Gives the fields that refer to resources by name the names that these have now. A reference is looked up by the names
 * that resources had before: no index, no search through all of them.
 */
export function fixNameReferences(resources: ResourceList, references: readonly NameReference[]): void {
  const candidates = new Candidates(resources);
  const fieldsByKind = new Map<string, readonly ReferenceField[]>();
  for (const resource of resources.items) {
    const { gvk } = resource.originalId;
    const key = gvkKey(gvk);
    let fields = fieldsByKind.get(key);
    if (fields === undefined) {
      fields = references.flatMap((target) => target.referrers.filter((spec) => isSelectedBy(gvk, spec)).map((spec) => ({ spec, target })));
      fieldsByKind.set(key, fields);
    }
    if (fields.length > 0) fixReferencesOf(resource, fields, candidates);
  }
  resources.changed();
}

function fixReferencesOf(resource: Resource, fields: readonly ReferenceField[], candidates: Candidates): void {
  const referrer = new Referrer(resource, candidates);
  for (const { spec, target } of fields) {
    // What no renamed resource can be the target of needs no look.
    if (!candidates.haveKind(target)) continue;
    try {
      changeField(resource, spec, { set: (node) => referrer.fix(node, spec, target) });
    } catch (error) {
      throw wrapError(error, `updating name reference in '${spec.path}' field of '${idText(resource.currentId)}'`);
    }
  }
}

/** The resources that changed their names, by the names they had. */
class Candidates {
  readonly schema: BuildSchema;
  readonly #byPreviousName = new Map<string, Resource[]>();
  readonly #all: readonly Resource[];
  readonly #kinds = new Map<Gvk, boolean>();
  #byOriginalNamespace: Map<string, Resource[]> | undefined;

  constructor(resources: ResourceList) {
    this.schema = resources.schema;
    this.#all = resources.items;
    for (const resource of resources.items) {
      for (const name of new Set(resource.previousIds.map((id) => id.name))) {
        const there = this.#byPreviousName.get(name);
        if (there === undefined) this.#byPreviousName.set(name, [resource]);
        else there.push(resource);
      }
    }
  }

  /** Whether any of them was of a kind. */
  haveKind(target: Gvk): boolean {
    let answer = this.#kinds.get(target);
    if (answer === undefined) {
      answer = this.#all.some((resource) => resource.wasSelectedBy(target));
      this.#kinds.set(target, answer);
    }
    return answer;
  }

  withPreviousName(name: string): readonly Resource[] {
    return this.#byPreviousName.get(name) ?? [];
  }

  fromNamespace(namespace: string): readonly Resource[] {
    if (this.#byOriginalNamespace === undefined) {
      this.#byOriginalNamespace = new Map();
      for (const resource of this.#all) {
        const key = resource.originalNamespace(this.schema);
        const there = this.#byOriginalNamespace.get(key);
        if (there === undefined) this.#byOriginalNamespace.set(key, [resource]);
        else there.push(resource);
      }
    }
    return this.#byOriginalNamespace.get(namespace) ?? [];
  }
}

class Referrer {
  readonly #resource: Resource;
  readonly #candidates: Candidates;
  readonly #schema: BuildSchema;
  readonly #isClusterWide: boolean;
  readonly #namespace: string;
  /** Namespaces of the service accounts that a RoleBinding names. */
  readonly #accountNamespaces: ReadonlySet<string>;

  constructor(resource: Resource, candidates: Candidates) {
    this.#resource = resource;
    this.#candidates = candidates;
    this.#schema = candidates.schema;
    this.#isClusterWide = this.#schema.isClusterWide(resource.gvk);
    this.#namespace = resource.currentNamespace(this.#schema);
    this.#accountNamespaces = this.#isClusterWide ? new Set() : accountNamespaces(resource);
  }

  /** The node of a reference with the present name in it. */
  fix(node: Node, spec: FieldSpec, target: Gvk): Node {
    if (isNull(node)) return node;
    if (node instanceof Scalar) return this.#fixName(node, spec, target);
    if (node instanceof Map) return this.#fixObject(node, spec, target);
    for (const [index, item] of node.entries()) {
      if (isNull(item)) continue;
      if (Array.isArray(item)) throw new SluiceError('ManifestInvalid', 'an element is expected to be either a string or a map of string');
      node[index] = item instanceof Scalar ? this.#fixName(item, spec, target) : this.#fixObject(item, spec, target);
    }
    return node;
  }

  #fixName(node: Scalar, spec: FieldSpec, target: Gvk): Scalar {
    const referral = this.#select(node.text, spec, target, () => true, sameName);
    return referral === undefined || referral.name === node.text ? node : replaceScalar(node, untaggedScalar(referral.name));
  }

  /** A reference with a name and perhaps a namespace. */
  #fixObject(node: Mapping, spec: FieldSpec, target: Gvk): Mapping {
    const nameNode = node.get('name');
    if (nameNode === undefined) throw new SluiceError('ManifestInvalid', "path config error; no 'name' field in node");
    const name = rawTextOf(nameNode);
    const referral = this.#select(name, spec, target, this.#inNamespaceOf(node), sameNameAndNamespace);
    if (referral === undefined || (referral.name === name && referral.namespace === '')) return node;
    setField(node, 'name', untaggedScalar(referral.name));
    if (referral.namespace !== '') setField(node, 'namespace', untaggedScalar(referral.namespace));
    return node;
  }

  /** A namespace in a reference means the one that resources came with, if any came with it. */
  #inNamespaceOf(node: Mapping): (candidate: Resource) => boolean {
    const namespaceNode = node.get('namespace');
    if (namespaceNode === undefined) return () => true;
    const namespace = rawTextOf(namespaceNode);
    const isOriginal = this.#candidates.fromNamespace(namespace).some((candidate) => this.#mayReferTo(candidate));
    return isOriginal
      ? (candidate) => candidate.originalNamespace(this.#schema) === namespace
      : (candidate) => candidate.currentNamespace(this.#schema) === namespace;
  }

  /** References stay within a namespace, but for cluster-wide objects and the accounts of a RoleBinding. */
  #mayReferTo(candidate: Resource): boolean {
    return (
      this.#isClusterWide ||
      this.#schema.isClusterWide(candidate.gvk) ||
      candidate.currentNamespace(this.#schema) === this.#namespace ||
      this.#accountNamespaces.has(candidate.namespace)
    );
  }

  #select(
    name: string,
    spec: FieldSpec,
    target: Gvk,
    isInNamespace: (candidate: Resource) => boolean,
    areSame: (candidates: readonly Resource[]) => boolean,
  ): Resource | undefined {
    const roleKind = spec.path.endsWith('roleRef/name') ? roleReference(this.#resource) : undefined;
    let candidates = this.#candidates
      .withPreviousName(name)
      .filter(
        (candidate) =>
          this.#mayReferTo(candidate) &&
          isInNamespace(candidate) &&
          candidate.wasSelectedBy(target) &&
          (roleKind === undefined || candidate.wasSelectedBy(roleKind)) &&
          (this.#isClusterWide ||
            this.#schema.isClusterWide(candidate.gvk) ||
            candidate.kind === 'ServiceAccount' ||
            candidate.currentNamespace(this.#schema) === this.#namespace),
      );
    if (candidates.length === 1) return candidates[0];
    candidates = candidates.filter((candidate) => sameAffixes(candidate, this.#resource, true));
    if (candidates.length > 1) candidates = candidates.filter((candidate) => sameAffixes(candidate, this.#resource, false));
    if (candidates.length <= 1 || areSame(candidates)) return candidates[0];
    throw new SluiceError('ReferenceAmbiguous', this.#ambiguity(candidates));
  }

  #ambiguity(candidates: readonly Resource[]): string {
    const ids = candidates.map((candidate) => idText(candidate.currentId)).join(', ');
    const shown = candidates.map((candidate, index) => `--- possible referral ${index}:\n${shownYaml(candidate)}\n`).join('');
    return `found multiple possible referrals: ${ids}\n\n**** Too many possible referral targets to referrer:\n${shownYaml(this.#resource)}\n${shown}`;
  }
}

/** The namespaces of the service accounts that a RoleBinding names: it may refer to those. */
function accountNamespaces(resource: Resource): Set<string> {
  const namespaces = new Set<string>();
  const subjects = resource.root.get('subjects');
  if (resource.kind !== 'RoleBinding' || !Array.isArray(subjects)) return namespaces;
  for (const subject of subjects) {
    const namespace = mappingOf(subject)?.get('namespace');
    if (namespace === undefined || textOf(mappingOf(subject)?.get('kind')) !== 'ServiceAccount') continue;
    if (typeof toJson(namespace) !== 'string') {
      throw new SluiceError(
        'ManifestInvalid',
        `Invalid Input: namespace is blank for resource ${JSON.stringify(idText(resource.currentId))}\n`,
        atPlace(resource.place),
      );
    }
    namespaces.add(textOf(namespace));
  }
  return namespaces;
}

/** The kind that the roleRef of a binding names. */
function roleReference(resource: Resource): Gvk | undefined {
  const roleRef = mappingOf(resource.root.get('roleRef'));
  const group = roleRef?.get('apiGroup');
  const kind = roleRef?.get('kind');
  return group === undefined || kind === undefined ? undefined : { group: rawTextOf(group), version: '', kind: rawTextOf(kind) };
}

/** Whether two resources got the same prefixes and suffixes last, so that they come from the same place. */
function sameAffixes(one: Resource, other: Resource, mayBeEmpty: boolean): boolean {
  const same = (a: readonly string[], b: readonly string[]): boolean =>
    (mayBeEmpty && (a.length === 0 || b.length === 0)) || endAlike(a, b);
  return same(one.prefixes, other.prefixes) && same(one.suffixes, other.suffixes);
}

function endAlike(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length);
  if (length === 0) return a.length === b.length;
  return a.slice(-length).every((item, index) => item === b.slice(-length)[index]);
}

function sameName(resources: readonly Resource[]): boolean {
  return resources.every((resource) => resource.name === resources[0]!.name);
}

function sameNameAndNamespace(resources: readonly Resource[]): boolean {
  return sameName(resources) && resources.every((resource) => resource.namespace === resources[0]!.namespace);
}

/** A resource with what kustomize would carry inside it, for messages. */
function shownYaml(resource: Resource): string {
  const copy = resource.copy();
  for (const [key, value] of shownBuildAnnotations(copy)) copy.setAnnotation(key, value);
  return printYaml(toJson(copy.root));
}
