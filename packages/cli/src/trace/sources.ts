import type { KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { field, gitRepository, helmRepository, notFound, ociRepository, type FluxKind, textField } from '../kinds/index.js';
import { identity, optional, readyLines, section } from './report.js';

/** The column of the values, where a source does not follow that of the report: so that people's scripts find them. */
const WIDE = 17;

/** Reads an object that a report needs. */
export async function found(
  cluster: Cluster,
  kind: FluxKind,
  namespace: string,
  name: string,
  signal: AbortSignal,
  called = kind.kind,
): Promise<KubeObject> {
  const object = await cluster.get({ apiVersion: kind.apiVersion, kind: kind.kind, namespace, name }, { signal });
  if (object === undefined) throw new Error(`failed to find ${called}: ${(await notFound(cluster, kind, name)).message}`);
  return object;
}

/** The source that a reference names, as a part of a report; nothing for a kind that is not told about. */
export async function sourceSection(
  cluster: Cluster,
  reference: unknown,
  ownNamespace: string,
  told: readonly FluxKind[],
  helmColumns: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const kind = told.find((candidate) => candidate.kind === field(reference, 'kind'));
  if (kind === undefined) return undefined;
  const object = await found(cluster, kind, textField(reference, 'namespace') || ownNamespace, textField(reference, 'name'), signal);
  switch (kind) {
    case gitRepository:
      return gitSection(object, helmColumns ? 15 : WIDE);
    case helmRepository:
      return helmRepositorySection(object);
    case ociRepository:
      return ociSection(object, !helmColumns);
    default:
      return externalSection(object, !helmColumns);
  }
}

function gitSection(object: KubeObject, width: number): string {
  const tag = textField(object, 'spec', 'ref', 'tag') || textField(object, 'spec', 'ref', 'semver');
  return section(width, [
    ...identity('GitRepository', object),
    ['URL', textField(object, 'spec', 'url')],
    ...(tag === '' ? optional('Branch', textField(object, 'spec', 'ref', 'branch')) : ([['Tag', tag]] as const)),
    ...revision(object),
    ...readyLines(object, { tellsFailure: true }),
  ]);
}

function helmRepositorySection(object: KubeObject): string {
  return section(16, [
    ...identity('HelmRepository', object),
    ['URL', textField(object, 'spec', 'url')],
    ...revision(object),
    ...readyLines(object),
  ]);
}

function ociSection(object: KubeObject, withOrigin: boolean): string {
  const tag = textField(object, 'spec', 'ref', 'tag') || textField(object, 'spec', 'ref', 'semver');
  return section(WIDE, [
    ...identity('OCIRepository', object),
    ['URL', textField(object, 'spec', 'url')],
    ...(tag === '' ? optional('Digest', textField(object, 'spec', 'ref', 'digest')) : ([['Tag', tag]] as const)),
    ...revision(object),
    ...(withOrigin ? origin(object) : []),
    ...readyLines(object, { tellsFailure: true }),
  ]);
}

function externalSection(object: KubeObject, withOrigin: boolean): string {
  const reference = field(object, 'spec', 'sourceRef');
  const { name = '', namespace = '' } = object.metadata;
  if (reference === undefined) throw new Error(`ExternalArtifact ${namespace}/${name} is missing spec.sourceRef`);
  return section(WIDE, [
    ...identity('ExternalArtifact', object),
    ['Source', ['kind', 'namespace', 'name'].map((key) => textField(reference, key)).join('/')],
    ...revision(object),
    ...(withOrigin ? origin(object) : []),
    ...readyLines(object, { tellsFailure: true }),
  ]);
}

function revision(object: KubeObject): readonly (readonly [string, string])[] {
  return field(object, 'status', 'artifact') === undefined ? [] : [['Revision', textField(object, 'status', 'artifact', 'revision')]];
}

/** Where an artifact was made from, by its annotations; a line stays empty where they don't say. */
function origin(object: KubeObject): readonly (readonly [string, string])[] {
  const metadata = field(object, 'status', 'artifact', 'metadata');
  if (metadata === undefined) return [];
  return [
    ['Origin Revision', 'org.opencontainers.image.revision'] as const,
    ['Origin Source', 'org.opencontainers.image.source'] as const,
  ].map(([name, key]) => (textField(metadata, key) === '' ? ['', ''] : [name, textField(metadata, key)]));
}
