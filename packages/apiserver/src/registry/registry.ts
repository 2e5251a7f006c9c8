import { builtInResources } from './built-in.js';
import { apiVersionOf, type Resource } from './resource.js';

/** Everything that is served, by group, version and plural: built-in resources and those of definitions. */
export class Registry {
  readonly #versions = new Map<string, Map<string, Resource>>();
  readonly #kinds = new Map<string, Resource>();
  readonly #builtInGroups = new Set<string>();
  /** Rises with every change: what was computed from the registry is computed again. */
  #generation = 1;

  constructor() {
    for (const resource of builtInResources()) {
      this.#add(resource);
      this.#builtInGroups.add(resource.group);
    }
  }

  get generation(): number {
    return this.#generation;
  }

  find(group: string, version: string, resource: string): Resource | undefined {
    return this.#versions.get(apiVersionOf(group, version))?.get(resource);
  }

  findKind(apiVersion: string, kind: string): Resource | undefined {
    return this.#kinds.get(`${apiVersion}/${kind}`);
  }

  /** The resources of a group's version, in the order of discovery. */
  resourcesOf(group: string, version: string): readonly Resource[] {
    return [...(this.#versions.get(apiVersionOf(group, version))?.values() ?? [])];
  }

  isBuiltInGroup(group: string): boolean {
    return this.#builtInGroups.has(group);
  }

  all(): Resource[] {
    return [...this.#versions.values()].flatMap((version) => [...version.values()]);
  }

  /** Replaces what a definition serves. */
  setCustom(definitionName: string, resources: readonly Resource[]): void {
    const dot = definitionName.indexOf('.');
    const plural = definitionName.slice(0, dot);
    const group = definitionName.slice(dot + 1);
    for (const [apiVersion, served] of this.#versions) {
      const existing = served.get(plural);
      if (existing?.custom === undefined || existing.group !== group) continue;
      served.delete(plural);
      this.#kinds.delete(`${apiVersion}/${existing.kind}`);
      if (served.size === 0) this.#versions.delete(apiVersion);
    }
    for (const resource of resources) this.#add(resource);
    this.#generation++;
  }

  #add(resource: Resource): void {
    let served = this.#versions.get(resource.apiVersion);
    if (served === undefined) this.#versions.set(resource.apiVersion, (served = new Map()));
    served.set(resource.resource, resource);
    this.#kinds.set(`${resource.apiVersion}/${resource.kind}`, resource);
  }
}
