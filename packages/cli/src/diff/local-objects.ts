import { readFile, stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { directoryTree, groupOf, isJsonObject, type KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { renderKustomization } from '@sluice/controllers';
import type { Cluster, ObjectKey } from '@sluice/kube';
import { parseYamlDocuments } from '@sluice/yaml';
import type { Terminal } from '../terminal.js';

/**
 * The objects at a path: of a file, of what is piped in (`-`), or what a Kustomization of the directory would apply. Secrets
 * that are encrypted are left out: nobody here can read them. `namespace` is that of objects that name none.
 */
export async function readLocalObjects(path: string, namespace: string, terminal: Terminal, signal: AbortSignal): Promise<KubeObject[]> {
  const objects = await objectsAt(path, terminal, signal);
  return objects
    .filter((object) => !('sops' in object))
    .map((object) => ({ ...object, metadata: { namespace, ...object.metadata } }))
    .map(withData);
}

async function objectsAt(path: string, terminal: Terminal, signal: AbortSignal): Promise<readonly KubeObject[]> {
  if (path === '-') {
    const chunks: Uint8Array[] = [];
    for await (const chunk of terminal.input()) chunks.push(chunk);
    return documents(Buffer.concat(chunks), 'standard input');
  }
  const place = resolve(path);
  const info = await stat(place).catch(() => undefined);
  if (info === undefined) throw new Error(`invalid path ${JSON.stringify(path)}: there is no such file or directory`);
  if (!info.isDirectory()) return documents(await readFile(place), path);
  const kustomization: Kustomization = {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'local' },
    spec: {
      interval: '1m',
      prune: false,
      path: relative(sep, place) || '.',
      sourceRef: { kind: 'GitRepository', name: 'local' },
    },
  };
  return renderKustomization(kustomization, directoryTree(sep), { remoteBases: { allowFile: true }, signal });
}

function documents(content: Uint8Array, file: string): KubeObject[] {
  return parseYamlDocuments(content, { file }).flatMap(({ value }) =>
    isJsonObject(value) && isJsonObject(value['metadata']) ? [value as unknown as KubeObject] : [],
  );
}

/** A Secret as the server keeps it. */
function withData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object as KubeObject & { stringData?: unknown };
  if (object.kind !== 'Secret' || !isJsonObject(stringData)) return object;
  const encoded = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  const data = isJsonObject(rest['data']) ? rest['data'] : {};
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
}

/** A cluster as it would be read with some objects in it; those it has are replaced. */
export function clusterWith(cluster: Pick<Cluster, 'get' | 'list'>, objects: readonly KubeObject[]): Pick<Cluster, 'get' | 'list'> {
  const find = ({ apiVersion, kind, namespace = '', name }: ObjectKey): KubeObject | undefined =>
    objects.find(
      (object) =>
        groupOf(object.apiVersion) === groupOf(apiVersion) &&
        object.kind === kind &&
        object.metadata.name === name &&
        object.metadata.namespace === namespace,
    );
  return {
    get: async (key, options) => (find(key) as never) ?? (await cluster.get(key, options)),
    list: async (kind, options) => {
      const { resourceVersion, items } = await cluster.list(kind, options);
      const others = items.filter(({ metadata: { namespace = '', name = '' } }) => find({ ...kind, namespace, name }) === undefined);
      const own = objects.filter(
        (object) => object.kind === kind.kind && groupOf(object.apiVersion) === groupOf(kind.apiVersion) && isIn(object, kind.namespace),
      );
      return { resourceVersion, items: [...others, ...own] as never };
    },
  };
}

function isIn({ metadata }: KubeObject, namespace: string | undefined): boolean {
  return namespace === undefined || metadata.namespace === namespace;
}
