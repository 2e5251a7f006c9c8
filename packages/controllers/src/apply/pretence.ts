import { groupOf, isJsonObject, type KubeObject } from '@sluice/core';
import type { Cluster, KindKey, ObjectKey, ResourceInfo } from '@sluice/kube';
import { differenceOf, type ObjectDiff } from './diff.js';
import { inventoryId, referenceOf, type VersionedReference } from './reference.js';

/** What would have become of an object: either state is absent where the object is. */
interface Pretended {
  /** Objects of one kind are written side by side; they are told of in the order in which their writes began. */
  readonly turn: number;
  readonly reference: VersionedReference;
  readonly before: KubeObject | undefined;
  after: KubeObject | undefined;
}

/**
 * A cluster that answers as if what is written to it was written, by dry runs of the server: what works on it does all of
 * its work and changes nothing. What stands on something that was only pretended (a definition, a namespace) can't be asked
 * of the server, and is answered as it was written.
 */
export class Pretence {
  readonly cluster: Cluster;
  readonly #real: Cluster;
  readonly #objects = new Map<string, Pretended>();
  #turns = 0;

  constructor(real: Cluster) {
    this.#real = real;
    this.cluster = {
      get: async (key, options) => (await this.#get(key, () => real.get(key, options))) as never,
      create: (object, options) => this.#write(object, () => real.create(object, { ...options, dryRun: true })),
      replace: (object, options) => this.#write(object, () => real.replace(object, { ...options, dryRun: true })),
      apply: async (object, options) => (await this.#write(object, () => real.apply(object, { ...options, dryRun: true }))) as never,
      patch: (key, type, patch, options) => real.patch(key, type, patch, { ...options, dryRun: true }),
      delete: (key, options) => this.#delete(key, () => real.delete(key, { ...options, dryRun: true })),
      resourceOf: async (kind, options) => (await real.resourceOf(kind, options)) ?? this.#pretendedKind(kind),
      list: (kind, options) => real.list(kind, options),
      watch: (kind, options) => real.watch(kind, options),
      resources: (options) => real.resources(options),
      stream: (path, options) => real.stream(path, options),
      raw: (method, path, options) => (method === 'GET' ? real.raw(method, path, options) : refuse()),
      post: refuse,
      as: refuse,
    };
  }

  /** What would have become of each object that was written, in that order. */
  changes(): ObjectDiff[] {
    const inOrder = [...this.#objects.values()].sort((a, b) => a.turn - b.turn);
    return inOrder.flatMap(({ reference, before, after }): ObjectDiff[] => {
      if (after === undefined) return before === undefined ? [] : [{ reference, action: 'deleted' }];
      if (before === undefined) return [{ reference, action: 'created' }];
      return [differenceOf(reference, before, after)];
    });
  }

  async #get(key: ObjectKey, ask: () => Promise<KubeObject | undefined>): Promise<KubeObject | undefined> {
    const pretended = this.#objects.get(inventoryId(referenceTo(key)));
    if (pretended !== undefined) return pretended.after;
    return (await this.#isServed(key)) ? await ask() : undefined;
  }

  async #write<T extends KubeObject>(object: T, ask: () => Promise<T>): Promise<T> {
    const turn = this.#turns++;
    const reference = referenceOf(object);
    const id = inventoryId(reference);
    const known = this.#objects.get(id);
    const { namespace = '', name = '' } = object.metadata;
    const key = { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace === '' ? {} : { namespace }) };
    const before = known === undefined && (await this.#isServed(object)) ? await this.#real.get(key) : known?.before;
    // The server would speak of what is really there.
    const isOnlyPretended =
      (known !== undefined && (known.after === undefined || known.before === undefined)) || this.#isNowhere(namespace);
    const after = isOnlyPretended || !(await this.#isServed(object)) ? object : await ask();
    this.#objects.set(id, { turn: known?.turn ?? turn, reference, before, after });
    return after;
  }

  async #delete(key: ObjectKey, ask: () => Promise<boolean>): Promise<boolean> {
    const turn = this.#turns++;
    const reference = referenceTo(key);
    const known = this.#objects.get(inventoryId(reference));
    if (known !== undefined) {
      const wasThere = known.after !== undefined;
      known.after = undefined;
      return wasThere;
    }
    const before = (await this.#isServed(key)) ? await this.#real.get(key) : undefined;
    if (before === undefined || !(await ask())) return false;
    this.#objects.set(inventoryId(reference), { turn, reference, before, after: undefined });
    return true;
  }

  async #isServed(kind: KindKey): Promise<boolean> {
    return (await this.#real.resourceOf(kind)) !== undefined;
  }

  /** A namespace that is not there yet. */
  #isNowhere(namespace: string): boolean {
    const id = inventoryId({ group: '', kind: 'Namespace', namespace: '', name: namespace });
    const pretended = this.#objects.get(id);
    return namespace !== '' && pretended !== undefined && pretended.before === undefined;
  }

  #pretendedKind({ apiVersion, kind }: { apiVersion: string; kind: string }): ResourceInfo | undefined {
    for (const { reference, after } of this.#objects.values()) {
      const spec = reference.kind === 'CustomResourceDefinition' ? after?.['spec'] : undefined;
      const found = isJsonObject(spec) ? resourceOfDefinition(spec as unknown as DefinitionSpec, apiVersion, kind) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

interface DefinitionSpec {
  readonly group: string;
  readonly scope: string;
  readonly names: { readonly kind: string; readonly plural: string };
  readonly versions: readonly { readonly name: string; readonly served: boolean }[];
}

function resourceOfDefinition(
  { group, scope, names, versions }: DefinitionSpec,
  apiVersion: string,
  kind: string,
): ResourceInfo | undefined {
  const version = versions.find(({ name, served }) => served && apiVersion === `${group}/${name}`);
  if (version === undefined || names.kind !== kind || groupOf(apiVersion) !== group) return undefined;
  return {
    group,
    version: version.name,
    kind,
    resource: names.plural,
    singular: kind.toLowerCase(),
    namespaced: scope === 'Namespaced',
    verbs: [],
    subresources: [],
    shortNames: [],
    categories: [],
  };
}

function referenceTo({ apiVersion, kind, namespace, name }: ObjectKey): VersionedReference {
  return referenceOf({ apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } });
}

function refuse(): never {
  throw new Error('this can only be done to a cluster, not pretended');
}
