import type { KubeObject } from '@sluice/core';

/**
 * One object at one revision, as the store keeps it: its JSON text, and what lists and watches look at.
 *
 * The text begins with kind and apiVersion, so that a list can leave them out by cutting a prefix, and another version
 * of a custom resource can be served by changing it. The parsed form is made on demand and kept for a while (see
 * {@link ParsedCache}): parsed objects take five times the memory of their text.
 */
export class Stored {
  /** `namespace/name`; `/name` for cluster-scoped objects: the order of lists. */
  readonly key: string;
  readonly revision: number;
  readonly apiVersion: string;
  readonly text: string;
  /** The length of `{"kind":"…","apiVersion":"…",`. */
  readonly prefixLength: number;
  readonly #cache: ParsedCache;
  #labels: Labels | undefined;

  constructor(key: string, revision: number, text: string, cache: ParsedCache) {
    this.key = key;
    this.revision = revision;
    this.text = text;
    const kindEnd = text.indexOf('"', KIND_START);
    const versionStart = kindEnd + VERSION_SEPARATOR.length;
    const versionEnd = text.indexOf('"', versionStart);
    this.apiVersion = text.slice(versionStart, versionEnd);
    this.prefixLength = versionEnd + 2;
    this.#cache = cache;
  }

  get object(): KubeObject {
    return this.#cache.get(this);
  }

  /** Kept once they were asked for: who lists a few objects of thousands by their labels must not parse all of them each time. */
  get labels(): Labels {
    return (this.#labels ??= this.object.metadata.labels ?? NO_LABELS);
  }

  get name(): string {
    return this.key.slice(this.key.indexOf('/') + 1);
  }

  get namespace(): string {
    return this.key.slice(0, this.key.indexOf('/'));
  }

  /** The same state under a later revision. */
  withRevision(revision: number): Stored {
    const { object } = this;
    return new Stored(this.key, revision, objectText(versioned(object, revision)), this.#cache);
  }

  /** The text under another kind and apiVersion; an item of a list has neither. */
  textAs(head: string): string {
    return head + this.text.slice(this.prefixLength);
  }
}

type Labels = Readonly<Record<string, string>>;

const NO_LABELS: Labels = {};

const KIND_START = '{"kind":"'.length;
const VERSION_SEPARATOR = '","apiVersion":"';

/** What an object's text begins with. */
export function textHead(kind: string, apiVersion: string): string {
  return `{"kind":"${kind}","apiVersion":"${apiVersion}",`;
}

/** The order in which the API shows metadata. */
const metadataOrder = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const;

/** An object under a resource version, its metadata in order. */
export function versioned(object: KubeObject, revision: number): KubeObject {
  const given: Record<string, unknown> = { ...object.metadata, resourceVersion: String(revision) };
  const metadata: Record<string, unknown> = {};
  for (const field of metadataOrder) if (given[field] !== undefined) metadata[field] = given[field];
  return { ...object, metadata };
}

/** The text of an object, kind and apiVersion first. */
export function objectText(object: KubeObject): string {
  const { apiVersion, kind, ...rest } = object;
  return textHead(kind, apiVersion) + JSON.stringify(rest).slice(1);
}

/**
 * The parsed forms of the objects used last, in two generations: when the young one is full it becomes the old one.
 * Cheaper than a list of uses, and forgets what is not asked for.
 */
export class ParsedCache {
  readonly #capacity: number;
  #young = new Map<Stored, KubeObject>();
  #old = new Map<Stored, KubeObject>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(stored: Stored): KubeObject {
    let object = this.#young.get(stored);
    if (object !== undefined) return object;
    object = this.#old.get(stored) ?? (JSON.parse(stored.text) as KubeObject);
    this.set(stored, object);
    return object;
  }

  set(stored: Stored, object: KubeObject): void {
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(stored, object);
  }
}
