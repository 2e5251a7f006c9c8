import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { SluiceError, errorMessage } from '@sluice/core';
import type { SourceTree } from '../artifact/source-tree.js';
import type { ArtifactStore } from '../artifact/store.js';
import type { OciCall, OciClient, OciPush } from './client.js';
import { matchingVersions } from '@sluice/semver';
import type { OciDescriptor, OciManifest } from './manifest.js';
import { tagPattern, tagRange } from './tags.js';

/** The media types of the artifacts that `flux push artifact` makes. */
export const fluxMediaTypes = {
  config: 'application/vnd.cncf.flux.config.v1+json',
  layer: 'application/vnd.cncf.flux.content.v1.tar+gzip',
} as const;

export interface FluxArtifact {
  readonly tag: string;
  /** A tar.gz of manifests. */
  readonly archive: Uint8Array;
  /** When it was made. */
  readonly created: Date;
  /** Where its content comes from, as a URL, and which state of it. */
  readonly source: string;
  readonly revision: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The most bytes of the archive when unpacked. Default: 1 GiB. */
  readonly maxUnpackedBytes?: number;
}

/** What to push so that Flux knows it as an artifact of its own. */
export function fluxArtifact(artifact: FluxArtifact): OciPush {
  const { tag, archive, source, revision, annotations, maxUnpackedBytes = 1024 ** 3 } = artifact;
  const created = artifact.created.toISOString().replace(/\.\d+Z$/, 'Z');
  let plain: Buffer;
  try {
    plain = gunzipSync(archive, { maxOutputLength: maxUnpackedBytes });
  } catch (error) {
    throw new SluiceError('ArchiveInvalid', `the archive can't be pushed: ${errorMessage(error)}`, { cause: error });
  }
  const config = {
    architecture: '',
    created,
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(plain).digest('hex')}`] },
    history: [{ created }],
  };
  return {
    tag,
    config: { mediaType: fluxMediaTypes.config, content: Buffer.from(JSON.stringify(config)) },
    layers: [{ mediaType: fluxMediaTypes.layer, content: archive }],
    annotations: {
      'org.opencontainers.image.created': created,
      'org.opencontainers.image.source': source,
      'org.opencontainers.image.revision': revision,
      ...annotations,
    },
  };
}

export interface ExtractLimits {
  /** The largest archive. Default: 512 MiB. */
  readonly maxArchiveBytes?: number;
  /** The most bytes of files in it. Default: 1 GiB. */
  readonly maxUnpackedBytes?: number;
}

/** The files of a layer (a tar.gz), to make an artifact of. A layer that the store has is not downloaded again. */
export async function extractLayer(
  store: Pick<ArtifactStore, 'adopt' | 'source'>,
  client: Pick<OciClient, 'blob'>,
  layer: OciDescriptor,
  { maxArchiveBytes = 512 * 1024 ** 2, maxUnpackedBytes = 1024 ** 3, ...call }: ExtractLimits & OciCall = {},
): Promise<SourceTree> {
  if (layer.size > maxArchiveBytes) {
    throw new SluiceError(
      'ArchiveTooLarge',
      `the layer ${layer.digest} has ${layer.size} bytes, more than the limit of ${maxArchiveBytes}`,
    );
  }
  await store.adopt(layer.digest, client.blob(layer, call), { maxArchiveBytes, maxUnpackedBytes });
  return await store.source(layer.digest);
}

/** What an artifact says of itself. */
export interface ArtifactDescription {
  readonly tag?: string;
  readonly digest: string;
  readonly created: string;
  readonly source: string;
  readonly revision: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Reads the annotations that `flux push artifact` makes. */
export function describeArtifact({ digest, annotations }: OciManifest, tag?: string): ArtifactDescription {
  const text = (name: string): string => annotations[`org.opencontainers.image.${name}`] ?? '';
  return {
    ...(tag !== undefined && { tag }),
    digest,
    created: text('created'),
    source: text('source'),
    revision: text('revision'),
    annotations,
  };
}

export interface ArtifactFilter {
  /** A range of versions that tags must be in. */
  readonly semver?: string;
  /** A regular expression (RE2) that tags must match. */
  readonly regex?: string;
  /** Lists what cosign keeps beside artifacts too. Default: false. */
  readonly includeSignatures?: boolean;
}

/** How many manifests are asked for at the same time. */
const listConcurrency = 8;

/** The artifacts of a repository, the last tag first. */
export async function listArtifacts(
  client: Pick<OciClient, 'tags' | 'manifest'>,
  filter: ArtifactFilter = {},
  call: OciCall = {},
): Promise<ArtifactDescription[]> {
  const isWanted = tagFilter(filter);
  const tags = (await client.tags(call)).filter(isWanted).sort((a, b) => (a > b ? -1 : 1));
  const found = new Map<string, ArtifactDescription>();
  const queue = tags.values();
  const work = async (): Promise<void> => {
    for (const tag of queue) found.set(tag, describeArtifact(await client.manifest(tag, call), tag));
  };
  await Promise.all(Array.from({ length: listConcurrency }, work));
  return tags.flatMap((tag) => found.get(tag) ?? []);
}

function tagFilter({ semver = '', regex = '', includeSignatures = false }: ArtifactFilter): (tag: string) => boolean {
  const [constraint, pattern] = [semver === '' ? undefined : tagRange(semver), regex === '' ? undefined : tagPattern(regex)];
  return (tag) => {
    if (!includeSignatures && /\.(?:att|sbom|sig)$/.test(tag)) return false;
    if (constraint !== undefined && matchingVersions(constraint, [tag]).length === 0) return false;
    return pattern === undefined || pattern.matcher(tag).find();
  };
}
