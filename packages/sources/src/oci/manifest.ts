import { createHash } from 'node:crypto';
import { SluiceError, isJsonObject } from '@sluice/core';
import { parseDigest } from '../artifact/digest.js';

/** Something that a manifest refers to by its digest. */
export interface OciDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What it is, of a manifest that refers to another one. */
  readonly artifactType?: string;
  /** `linux/amd64`: of an entry of an index. */
  readonly platform?: string;
}

/** An image manifest, or an index of them. */
export interface OciManifest {
  readonly digest: string;
  readonly mediaType: string;
  /** As the registry has it: its digest is of these bytes. */
  readonly bytes: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
  readonly config?: OciDescriptor;
  readonly layers: readonly OciDescriptor[];
  /** Of an index. */
  readonly manifests: readonly OciDescriptor[];
}

export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

/** What is accepted of a registry, as the header says it. */
export const acceptManifests: string = Object.values(mediaTypes).join(', ');

/** The most bytes of a manifest; registries take no more. */
export const maxManifestBytes: number = 4 * 1024 * 1024;

export function isIndex({ mediaType }: Pick<OciManifest, 'mediaType'>): boolean {
  return mediaType === mediaTypes.index || mediaType === mediaTypes.dockerIndex;
}

export function sha256(bytes: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Reads a manifest of a registry, which must be what `digest` says where one is known. */
export function parseManifest(bytes: Buffer, contentType: string, digest: string | undefined, what: string): OciManifest {
  const algorithm = digest === undefined ? 'sha256' : parseDigest(digest).algorithm;
  const actual = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  if (digest !== undefined && actual !== digest) {
    throw new SluiceError('ArtifactCorrupt', `${what}: the manifest has the digest ${actual} and should have ${digest}`);
  }
  const invalid = (why: string): SluiceError => new SluiceError('SourceAnswerInvalid', `${what}: the manifest ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalid('is not JSON');
  }
  if (!isJsonObject(value)) throw invalid('is not an object');
  const mediaType = typeof value.mediaType === 'string' ? value.mediaType : (contentType.split(';', 1)[0] ?? '').trim();
  if (!(Object.values(mediaTypes) as string[]).includes(mediaType))
    throw invalid(`is of the unsupported type ${JSON.stringify(mediaType)}`);
  const descriptor = (each: unknown): OciDescriptor => {
    if (!isJsonObject(each) || typeof each.digest !== 'string' || !Number.isSafeInteger(each.size) || Number(each.size) < 0) {
      throw invalid('refers to something without a digest or size');
    }
    parseDigest(each.digest);
    const { os, architecture } = isJsonObject(each.platform) ? each.platform : {};
    return {
      mediaType: typeof each.mediaType === 'string' ? each.mediaType : '',
      digest: each.digest,
      size: Number(each.size),
      annotations: stringsOf(each.annotations),
      ...(typeof each.artifactType === 'string' && { artifactType: each.artifactType }),
      ...(typeof os === 'string' && { platform: `${os}/${typeof architecture === 'string' ? architecture : ''}` }),
    };
  };
  const list = (field: unknown): OciDescriptor[] => (Array.isArray(field) ? field.slice(0, 10_000).map(descriptor) : []);
  return {
    digest: actual,
    mediaType,
    bytes,
    annotations: stringsOf(value.annotations),
    ...(isJsonObject(value.config) && { config: descriptor(value.config) }),
    layers: list(value.layers),
    manifests: list(value.manifests),
  };
}

function stringsOf(value: unknown): Record<string, string> {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  // fromEntries defines its keys, `__proto__` included, as plain ones.
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
