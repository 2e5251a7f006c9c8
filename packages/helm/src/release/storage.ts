import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { SluiceError, errorMessage, isJsonObject, type KubeObject } from '@sluice/core';
import { decodeJson } from '@sluice/gotemplate';
import type { Release } from './release.js';

/** The Secrets that Helm keeps its releases in. */
export const releaseSecretType = 'helm.sh/release.v1';

const SYSTEM_LABELS = ['name', 'owner', 'status', 'version', 'createdAt', 'modifiedAt'];
/** What a Secret may hold, by the API server. */
const MAX_SECRET_BYTES = 1024 * 1024;
const MAX_RELEASE_BYTES = 256 * 1024 * 1024;

export interface ReleaseSecret extends KubeObject {
  readonly type: string;
  readonly data: { readonly release: string };
}

export interface ReleaseSecretOptions {
  /** Labels that the user gave the release. */
  readonly labels?: Readonly<Record<string, string>>;
  /** When it was first stored, or changed, in milliseconds. */
  readonly createdAt?: number;
  readonly modifiedAt?: number;
  /** See {@link createChartPacking}. Default: charts are packed every time. */
  readonly packChart?: PackChart;
}

/** A chart as a part of a packed release. */
export type PackChart = (chart: Release['chart']) => Buffer;

/** How many packed charts are remembered. */
const REMEMBERED = 64;

/**
 * Packs charts, and remembers the last ones. A chart is most of a release, and the same in all releases and revisions of
 * it: packing it takes longer than everything else that there is to storing one.
 */
export function createChartPacking(): PackChart {
  const byChart = new WeakMap<object, Buffer>();
  const byDigest = new Map<string, Buffer>();
  return (chart) => {
    const known = byChart.get(chart);
    if (known !== undefined) return known;
    // Of another revision of the release, for example, which was read from its Secret.
    const digest = createHash('sha256').update(JSON.stringify(chart)).digest('base64');
    const bytes = byDigest.get(digest) ?? pack(chart);
    byChart.set(chart, bytes);
    byDigest.delete(digest);
    byDigest.set(digest, bytes);
    for (const oldest of byDigest.keys()) if (byDigest.size > REMEMBERED) byDigest.delete(oldest);
    return bytes;
  };
}

function pack(chart: Release['chart']): Buffer {
  return gzipSync(`{"chart":${JSON.stringify(chart)},`, { level: 9 });
}

/** Packed data one after the other is packed data: the chart, then all else. */
function packed({ chart, ...rest }: Release, packChart: PackChart): Buffer {
  return Buffer.concat([packChart(chart), gzipSync(JSON.stringify(rest).slice(1))]);
}

/** The name of the Secret of a revision: `sh.helm.release.v1.web.v3`. */
export function releaseSecretName(name: string, version: number): string {
  return `sh.helm.release.v1.${name}.v${version}`;
}

/** The Secret that holds a release, which Helm 3 and 4 read. Throws `ReleaseInvalid` when it is more than a Secret can hold. */
export function encodeRelease(
  release: Release,
  { labels = {}, createdAt, modifiedAt, packChart = pack }: ReleaseSecretOptions = {},
): ReleaseSecret {
  const taken = Object.keys(labels).filter((label) => SYSTEM_LABELS.includes(label));
  if (taken.length > 0) {
    throw new SluiceError(
      'ReleaseInvalid',
      `user supplied labels contains system reserved label name. System labels: [${SYSTEM_LABELS.join(' ')}]`,
    );
  }
  const text = packed(release, packChart).toString('base64');
  if (text.length > MAX_SECRET_BYTES) {
    throw new SluiceError(
      'ReleaseInvalid',
      `the release ${release.name} is ${text.length} bytes large, and a Secret holds ${MAX_SECRET_BYTES}: leave files out of the chart by its .helmignore`,
    );
  }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: releaseSecretName(release.name, release.version),
      namespace: release.namespace,
      labels: {
        ...labels,
        ...(createdAt !== undefined && { createdAt: seconds(createdAt) }),
        ...(modifiedAt !== undefined && { modifiedAt: seconds(modifiedAt) }),
        name: release.name,
        owner: 'helm',
        status: release.info.status,
        version: String(release.version),
      },
    },
    type: releaseSecretType,
    data: { release: Buffer.from(text).toString('base64') },
  };
}

const seconds = (milliseconds: number): string => String(Math.floor(milliseconds / 1_000));

/** The release in a Secret of Helm's, and the labels that the user gave it. Throws `ReleaseInvalid` for anything else. */
export function decodeRelease(secret: KubeObject & { readonly data?: unknown }): {
  readonly release: Release;
  readonly labels: Readonly<Record<string, string>>;
} {
  const { metadata, data } = secret;
  const where = `Secret/${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  const encoded = isJsonObject(data) && Object.hasOwn(data, 'release') ? data['release'] : undefined;
  if (typeof encoded !== 'string' || encoded === '') throw unreadable(where, 'it has no key "release"');
  const release = parseRelease(Buffer.from(encoded, 'base64').toString('latin1'), where);
  const labels = Object.entries(metadata.labels ?? {}).filter(([label]) => !SYSTEM_LABELS.includes(label));
  return { release, labels: Object.fromEntries(labels) };
}

function parseRelease(text: string, where: string): Release {
  let value: unknown;
  try {
    const bytes = Buffer.from(text, 'base64');
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 0x08;
    value = decodeJson((isPacked ? gunzipSync(bytes, { maxOutputLength: MAX_RELEASE_BYTES }) : bytes).toString());
  } catch (error) {
    throw unreadable(where, errorMessage(error), error);
  }
  if (!isRelease(value)) throw unreadable(where, 'it lacks a name, a version, or what happened to it');
  return value;
}

function isRelease(value: unknown): value is Release {
  if (!isJsonObject(value)) return false;
  const { name, version, info, chart } = value as Partial<Release>;
  return typeof name === 'string' && typeof version === 'number' && isJsonObject(info) && isJsonObject(chart);
}

function unreadable(where: string, why: string, cause?: unknown): SluiceError {
  return new SluiceError('ReleaseInvalid', `${where} does not hold a release of Helm: ${why}`, cause === undefined ? {} : { cause });
}
