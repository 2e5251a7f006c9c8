import { SluiceError, type FileTree, type KubeObject } from '@sluice/core';
import type { Artifact } from '@sluice/api';
import { loadChartFiles, type Chart, type ChartFile } from '@sluice/helm';
import { compareVersions, formatVersion, tryParseVersion } from '@sluice/semver';

/** Opens an artifact. Throws `ArtifactMissing` when it is not there (yet, or any more). */
export type OpenChart = (artifact: Artifact, signal: AbortSignal) => Promise<FileTree>;

export interface LoadedChart {
  readonly chart: Chart;
  /** Of the OCI artifact that it comes from; empty for others. */
  readonly ociDigest: string;
}

/** How many charts are kept. */
const MOST = 100;

/** The charts of artifacts: each is read once, however many releases it has. */
export class Charts {
  readonly #open: OpenChart;
  readonly #loaded = new Map<string, Promise<LoadedChart>>();

  constructor(open: OpenChart) {
    this.#open = open;
  }

  /** The chart of a source's artifact. With `tracksDigest` the digest of an OCI artifact is part of its version. */
  async of(source: KubeObject, artifact: Artifact, tracksDigest: boolean, signal: AbortSignal): Promise<LoadedChart> {
    const key = `${artifact.digest} ${hasRevisionDigest(source, artifact) ? artifact.revision : ''}`;
    const known = this.#loaded.get(key);
    // What was used last stays longest.
    this.#loaded.delete(key);
    const loading = known ?? this.#load(source, artifact, tracksDigest, signal);
    this.#loaded.set(key, loading);
    for (const oldest of this.#loaded.keys()) {
      if (this.#loaded.size <= MOST) break;
      this.#loaded.delete(oldest);
    }
    try {
      return await loading;
    } catch (error) {
      if (this.#loaded.get(key) === loading) this.#loaded.delete(key);
      throw error;
    }
  }

  async #load(source: KubeObject, artifact: Artifact, tracksDigest: boolean, signal: AbortSignal): Promise<LoadedChart> {
    const tree = await this.#open(artifact, signal);
    const chart = loadChartFiles(chartFiles(tree));
    if (!hasRevisionDigest(source, artifact)) return { chart, ociDigest: '' };
    return withRevision(chart, artifact.revision, tracksDigest);
  }
}

/** The files of a chart's archive, without the directory that they are all in. */
function chartFiles(tree: FileTree): ChartFile[] {
  const files: ChartFile[] = [];
  const collect = (directory: string, prefix: string): void => {
    for (const { name, type } of tree.list(directory)) {
      const path = directory === '.' ? name : `${directory}/${name}`;
      if (type === 'directory') collect(path, `${prefix}${name}/`);
      else files.push({ name: prefix + name, data: tree.read(path) });
    }
  };
  const top = tree.list('.').filter(({ type }) => type === 'directory');
  if (top.length === 0) throw new SluiceError('ChartInvalid', 'the artifact is no chart: there is no directory in it');
  for (const { name } of top) collect(name, '');
  return files;
}

/** Revisions of OCI artifacts, and of some external ones, say which content they are of. */
function hasRevisionDigest({ kind }: KubeObject, { revision }: Artifact): boolean {
  return kind === 'OCIRepository' || (kind === 'ExternalArtifact' && revision.includes(':'));
}

const SHORT_DIGEST = 12;

/** `6.0.0@sha256:…`: the tag must be the chart's version, and the digest becomes its build metadata. A tag that is no version may be anything. */
export function withRevision(chart: Chart, revision: string, tracksDigest: boolean): LoadedChart {
  const version = tryParseVersion(chart.metadata.version);
  if (version === undefined) throw new Error(`invalid chart version ${chart.metadata.version}`);
  const [tag = '', digest] = revision.split('@');
  const tagged = digest === undefined ? undefined : tryParseVersion(tag.replaceAll('_', '+'));
  if (tagged !== undefined && (compareVersions(tagged, version) !== 0 || tagged.metadata !== version.metadata)) {
    throw new Error(`artifact revision ${tag} does not match chart version ${chart.metadata.version}`);
  }
  const ociDigest = digest ?? revision;
  const hex = ociDigest.split(':')[1] ?? '';
  if (hex.length < SHORT_DIGEST) throw new Error(`invalid artifact revision ${ociDigest}`);
  if (!tracksDigest) return { chart, ociDigest };
  const marked = formatVersion({ ...version, metadata: hex.slice(0, SHORT_DIGEST) });
  return { chart: { ...chart, metadata: { ...chart.metadata, version: marked } }, ociDigest };
}
