import { createHash } from 'node:crypto';
import type { Registry } from '../registry/registry.js';
import type { Resource } from '../registry/resource.js';
import { groupNames, versionsOf } from './groups.js';

interface Document {
  readonly generation: number;
  readonly text: string;
  readonly etag: string;
}

const documents = new WeakMap<Registry, Map<string, Document>>();

/** Everything below `/api` or `/apis` in one document; made once for each state of the registry. */
export function aggregatedDiscovery(registry: Registry, root: '/api' | '/apis'): Document {
  let known = documents.get(registry);
  if (known === undefined) documents.set(registry, (known = new Map()));
  const found = known.get(root);
  if (found?.generation === registry.generation) return found;
  const groups = root === '/api' ? [''] : groupNames(registry);
  const text = JSON.stringify({
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => groupItem(registry, group)),
  });
  const etag = `"${createHash('sha512').update(text).digest('hex').toUpperCase()}"`;
  const document = { generation: registry.generation, text, etag };
  known.set(root, document);
  return document;
}

function groupItem(registry: Registry, group: string): object {
  return {
    metadata: group === '' ? {} : { name: group },
    versions: versionsOf(registry, group).map((version) => ({
      version,
      resources: registry.resourcesOf(group, version).map(resourceItem),
      freshness: 'Current',
    })),
  };
}

function resourceItem(resource: Resource): object {
  const { group, version, kind, resource: name, namespaced, singular, verbs, shortNames, categories, subresources, custom } = resource;
  return {
    resource: name,
    responseKind: custom === undefined ? { group: '', version: '', kind } : { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.size === 0
      ? {}
      : {
          subresources: [...subresources.values()].map((sub) => ({
            subresource: sub.name,
            responseKind: {
              group: sub.group ?? (custom === undefined ? '' : group),
              version: sub.version ?? (custom === undefined ? '' : version),
              kind: sub.kind,
            },
            verbs: sub.verbs,
          })),
        }),
  };
}
