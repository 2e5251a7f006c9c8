import { groupOf, isJsonObject, versionOf } from '@sluice/core';
import type { ResourceInfo } from '../cluster.js';
import { errorFromAnswer } from './kube-error.js';
import type { Answer } from './exchange.js';

/** A GET as the cluster's own identity. */
export type DiscoveryGet = (path: string, accept: string) => Promise<Answer>;

/**
 * What the API serves, by group version and kind.
 *
 * The first question loads everything in two requests (aggregated discovery), where the server offers it. After that an unknown kind
 * costs one small request for its group version alone, so that a custom resource works the moment its definition is established.
 */
export class Discovery {
  readonly #get: DiscoveryGet;
  #groupVersions = new Map<string, ReadonlyMap<string, ResourceInfo>>();
  readonly #asking = new Map<string, Promise<void>>();
  #loadedAll = false;

  constructor(get: DiscoveryGet) {
    this.#get = get;
  }

  /** The answer without asking the server; undefined when it must be asked. */
  known(apiVersion: string, kind: string): ResourceInfo | undefined {
    return this.#groupVersions.get(apiVersion)?.get(kind);
  }

  async find(apiVersion: string, kind: string): Promise<ResourceInfo | undefined> {
    const known = this.known(apiVersion, kind);
    if (known !== undefined) return known;
    if (!this.#loadedAll) {
      await this.#once('', () => this.#loadAll());
      const loaded = this.known(apiVersion, kind);
      if (loaded !== undefined) return loaded;
    }
    return this.refresh(apiVersion, kind);
  }

  /** Asks about one group version again: for a kind that is not known, or whose path turned out to be gone. */
  async refresh(apiVersion: string, kind: string): Promise<ResourceInfo | undefined> {
    const path = groupVersionPath(apiVersion);
    if (path === undefined) return undefined;
    const load = async () => {
      this.#groupVersions.set(apiVersion, await this.#getGroupVersion(apiVersion, path));
    };
    const joined = this.#asking.has(apiVersion);
    await this.#once(apiVersion, load);
    // A question that was under way already may have been answered before the kind came to be.
    if (joined && this.known(apiVersion, kind) === undefined) await this.#once(apiVersion, load);
    return this.known(apiVersion, kind);
  }

  async all(): Promise<readonly ResourceInfo[]> {
    await this.#once('', () => this.#loadAll());
    return [...this.#groupVersions.values()].flatMap((kinds) => [...kinds.values()]);
  }

  /** Many callers that ask the same at the same time make one request. */
  #once(key: string, load: () => Promise<void>): Promise<void> {
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = load().finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #loadAll(): Promise<void> {
    const roots = await Promise.all(['/api', '/apis'].map((path) => this.#getJson(path, AGGREGATED)));
    const loaded = await Promise.all(roots.map((root) => this.#readRoot(root)));
    // All at once, so that what has gone is gone and nobody sees half.
    this.#groupVersions = new Map(loaded.flat());
    this.#loadedAll = true;
  }

  async #readRoot(root: unknown): Promise<GroupVersion[]> {
    if (isJsonObject(root) && root['kind'] === 'APIGroupDiscoveryList') return readAggregated(root);
    // A server without aggregated discovery. A group version that fails (an extension server that is down) must not hide the others.
    return Promise.all(
      readGroupVersions(root).map(async (apiVersion): Promise<GroupVersion> => {
        try {
          return [apiVersion, await this.#getGroupVersion(apiVersion, groupVersionPath(apiVersion) ?? '')];
        } catch {
          return [apiVersion, new Map()];
        }
      }),
    );
  }

  async #getGroupVersion(apiVersion: string, path: string): Promise<ReadonlyMap<string, ResourceInfo>> {
    const list = await this.#getJson(path, 'application/json');
    return list === undefined ? new Map() : readResourceList(apiVersion, list);
  }

  /** The answer as JSON; undefined when nothing is served there. */
  async #getJson(path: string, accept: string): Promise<unknown> {
    const answer = await this.#get(path, accept);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw errorFromAnswer(answer.status, answer.headers, answer.body);
    return JSON.parse(answer.body);
  }
}

type GroupVersion = [apiVersion: string, kinds: ReadonlyMap<string, ResourceInfo>];

const AGGREGATED = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

/** Where a group version is described; undefined for a text that is none, which nothing can be served under. */
function groupVersionPath(apiVersion: string): string | undefined {
  if (!/^([a-z0-9][a-z0-9.-]{0,252}\/)?[a-z0-9]([a-z0-9-]{0,62})$/.test(apiVersion)) return undefined;
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The group versions of `/api` (APIVersions) or `/apis` (APIGroupList), in the server's order. */
function readGroupVersions(root: unknown): string[] {
  const core = items(root, 'versions').filter((version): version is string => typeof version === 'string');
  if (core.length > 0) return core;
  return items(root, 'groups').flatMap((group) =>
    items(group, 'versions').flatMap((version) => {
      const apiVersion = isJsonObject(version) ? version['groupVersion'] : undefined;
      return typeof apiVersion === 'string' ? [apiVersion] : [];
    }),
  );
}

function readAggregated(root: unknown): GroupVersion[] {
  return items(root, 'items').flatMap((group) => {
    const name = isJsonObject(group) && isJsonObject(group['metadata']) ? text(group['metadata']['name']) : '';
    return items(group, 'versions').map((served): GroupVersion => {
      const version = isJsonObject(served) ? text(served['version']) : '';
      const kinds = new Map<string, ResourceInfo>();
      for (const resource of items(served, 'resources')) {
        if (!isJsonObject(resource) || !isJsonObject(resource['responseKind'])) continue;
        const subresources = items(resource, 'subresources').flatMap((sub) => (isJsonObject(sub) ? [text(sub['subresource'])] : []));
        addKind(kinds, {
          group: name,
          version,
          kind: text(resource['responseKind']['kind']),
          resource: text(resource['resource']),
          singular: text(resource['singularResource']),
          namespaced: resource['scope'] === 'Namespaced',
          verbs: texts(resource['verbs']),
          subresources,
          shortNames: texts(resource['shortNames']),
          categories: texts(resource['categories']),
        });
      }
      return [name === '' ? version : `${name}/${version}`, kinds];
    });
  });
}

function readResourceList(apiVersion: string, list: unknown): ReadonlyMap<string, ResourceInfo> {
  const kinds = new Map<string, ResourceInfo>();
  const subresources = new Map<string, string[]>();
  for (const resource of items(list, 'resources')) {
    if (!isJsonObject(resource)) continue;
    const [name = '', subresource] = text(resource['name']).split('/');
    if (subresource !== undefined) {
      subresources.get(name)?.push(subresource);
      continue;
    }
    const own: string[] = [];
    subresources.set(name, own);
    addKind(kinds, {
      group: groupOf(apiVersion),
      version: versionOf(apiVersion),
      kind: text(resource['kind']),
      resource: name,
      singular: text(resource['singularName']),
      namespaced: resource['namespaced'] === true,
      verbs: texts(resource['verbs']),
      subresources: own,
      shortNames: texts(resource['shortNames']),
      categories: texts(resource['categories']),
    });
  }
  return kinds;
}

/** Of two resources of one kind, the first: what a server lists later (`podtemplates` of an extension) is an alias. */
function addKind(kinds: Map<string, ResourceInfo>, info: ResourceInfo): void {
  if (info.kind !== '' && info.resource !== '' && !kinds.has(info.kind)) kinds.set(info.kind, info);
}

function items(value: unknown, field: string): readonly unknown[] {
  const list = isJsonObject(value) ? value[field] : undefined;
  return Array.isArray(list) ? list : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
