import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { SluiceError, errorMessage } from '@sluice/core';
import type { SourceTree } from '../artifact/source-tree.js';
import type { ArtifactStore } from '../artifact/store.js';
import type { OciCall, OciClient, OciPush } from './client.js';
import type { OciDescriptor } from './manifest.js';

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
