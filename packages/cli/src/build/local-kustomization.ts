import { readFile } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { directoryTree, errorMessage, groupOf, type FileTree, type KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { renderKustomization } from '@sluice/controllers';
import type { Cluster } from '@sluice/kube';
import { parseYamlDocuments } from '@sluice/yaml';
import { field, kustomization as kustomizationKind, notFound, textField } from '../kinds/index.js';
import { ignoringTree } from './ignoring-tree.js';
import { maskEncrypted } from './mask-encrypted.js';

/** A Kustomization and the directory that it is built from instead of its source. */
export interface LocalKustomization {
  readonly kustomization: Kustomization;
  readonly objects: readonly KubeObject[];
}

export interface LocalBuildOptions {
  /** Where the Kustomization and its variables are; without one they are all in the file. */
  readonly cluster?: Cluster;
  /** A file with the Kustomization, in the place of the cluster's. */
  readonly file?: string;
  /** Whether a Kustomization that the cluster does not have may be in the file alone. */
  readonly ignoreNotFound?: boolean;
  readonly ignorePaths: readonly string[];
  readonly strict: boolean;
  /** Directories of sources, by `Kind/namespace/name`. */
  readonly localSources: ReadonlyMap<string, string>;
  /** Hears of every URL that a build waits for. */
  readonly onFetch?: (url: string) => void;
  readonly signal: AbortSignal;
}

/** Builds a Kustomization, of a file or of the cluster, from a directory. */
export async function buildLocal(
  namespace: string,
  name: string,
  directory: string,
  options: LocalBuildOptions,
): Promise<LocalKustomization> {
  const kustomization = await findKustomization(namespace, name, options);
  return buildFrom(kustomization, directory, options);
}

/** Builds what another Kustomization brings: as it is in the cluster, or else as it is brought. */
export async function buildNested(object: KubeObject, options: LocalBuildOptions): Promise<LocalKustomization> {
  const { name = '', namespace = '' } = object.metadata;
  const live = await getLive(namespace, name, options);
  const kustomization = live ?? (object as Kustomization);
  return buildFrom(kustomization, nestedDirectory(object as Kustomization, options.localSources), options);
}

/** Whether an object is a Kustomization other than the one that brings it. */
export function isNested(object: KubeObject, by: Kustomization): boolean {
  if (groupOf(object.apiVersion) !== groupOf(kustomizationKind.apiVersion) || object.kind !== kustomizationKind.kind) return false;
  return object.metadata.name !== by.metadata.name || object.metadata.namespace !== by.metadata.namespace;
}

function nestedDirectory({ spec, metadata }: Kustomization, sources: ReadonlyMap<string, string>): string {
  const { kind, name, namespace = metadata.namespace } = spec.sourceRef;
  const key = `${kind}/${namespace}/${name}`;
  const root = sources.get(key);
  if (root === undefined)
    throw new Error(`cannot get local path for ${key} of kustomization ${metadata.name ?? ''}: name it with --local-sources ${key}=path`);
  return resolve(root, `./${spec.path ?? '.'}`);
}

async function buildFrom(kustomization: Kustomization, directory: string, options: LocalBuildOptions): Promise<LocalKustomization> {
  const path = relative(sep, directory);
  const tree: FileTree = directoryTree(sep);
  const placed = { ...kustomization, spec: { ...kustomization.spec, path: path === '' ? '.' : path } };
  const objects = await renderKustomization(placed, ignoringTree(tree, path === '' ? '.' : path, options.ignorePaths), {
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
    settings: { strictSubstitutions: options.strict },
    rootName: '/',
    // A person's own machine, and their own command.
    remoteBases: { allowFile: true, ...(options.onFetch === undefined ? {} : { onFetch: options.onFetch }) },
    signal: options.signal,
  });
  return { kustomization, objects: objects.map(maskEncrypted) };
}

async function findKustomization(namespace: string, name: string, options: LocalBuildOptions): Promise<Kustomization> {
  const { cluster, file, ignoreNotFound } = options;
  const live = await getLive(namespace, name, options);
  if (cluster !== undefined && live === undefined && ignoreNotFound !== true) {
    throw new Error(`failed to get kustomization object: ${(await notFound(cluster, kustomizationKind, name)).message}`);
  }
  if (file === undefined) {
    if (live === undefined) throw new Error('kustomization file is required for dry-run');
    return live;
  }
  const local = await readKustomization(file, namespace, name);
  // What it has applied is the cluster's to say.
  return live?.status === undefined ? local : { ...local, status: live.status };
}

async function getLive(namespace: string, name: string, { cluster, signal }: LocalBuildOptions): Promise<Kustomization | undefined> {
  const { apiVersion, kind } = kustomizationKind;
  return cluster?.get<Kustomization>({ apiVersion, kind, namespace, name }, { signal });
}

async function readKustomization(file: string, namespace: string, name: string): Promise<Kustomization> {
  let documents: readonly unknown[];
  try {
    documents = parseYamlDocuments(await readFile(file, 'utf8')).map(({ value }) => value);
  } catch (error) {
    throw new Error(`failed to get kustomization object: failed to read kustomization file ${file}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
  const found = documents.find(
    (document) =>
      groupOf(textField(document, 'apiVersion')) === groupOf(kustomizationKind.apiVersion) &&
      textField(document, 'kind') === kustomizationKind.kind &&
      textField(document, 'metadata', 'name') === name &&
      [namespace, ''].includes(textField(document, 'metadata', 'namespace')),
  );
  if (found === undefined || field(found, 'spec') === undefined) {
    throw new Error(
      `failed to get kustomization object: failed find kustomization with name '${name}' and namespace '${namespace}' in file '${file}'`,
    );
  }
  return found as Kustomization;
}
