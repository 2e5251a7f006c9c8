import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { directoryTree, errorMessage, SluiceError } from '@sluice/core';
import { loadChartArchive, loadChartDirectory, type Chart } from '@sluice/helm';
import type { HelmRepository, HelmRepositoryOptions, OciSelector } from '@sluice/sources';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { deadlineOf } from '../deadline.js';
import { readRepositories, readRegistryLogin, type KnownRepository } from './settings.js';
import { verifyProvenance } from './provenance.js';

/** Where a chart is, and which version of it; the rest is how to get there. */
export interface ChartReference {
  /** A path; or a name in `repo`; or `oci://…`, `https://….tgz`, `repository/name`. */
  readonly chart: string;
  readonly repo: string;
  readonly version: string;
}

/** The layer of an OCI artifact that is a chart's archive. */
const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
const MAX_CHART_BYTES = 10 * 1024 * 1024;

/** The chart that a command names, from wherever it is, as Helm looks for it. */
export async function findChart(chart: string, invocation: Invocation): Promise<Chart> {
  const { flags } = invocation;
  const version = flags.string('version') === '' && flags.bool('devel') ? '>0.0.0-0' : flags.string('version').trim();
  return loadChart({ chart: chart.trim(), repo: flags.string('repo'), version }, invocation);
}

/** A chart by its reference. A relative path starts from `base`. */
export async function loadChart(reference: ChartReference, invocation: Invocation, base = '.'): Promise<Chart> {
  const { chart, repo } = reference;
  if (repo !== '') return loadChartArchive(await fromRepository(repo, reference, invocation));
  const path = resolve(base, chart);
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return readChart(path, invocation.flags);
  if (isAbsolute(chart) || chart.startsWith('.')) throw new Error(`path ${JSON.stringify(chart)} not found`);
  if (chart.startsWith('oci://')) return loadChartArchive(await fromRegistry(reference, invocation));
  if (/^https?:\/\//.test(chart)) return loadChartArchive(await fromUrl(chart, invocation));
  return loadChartArchive(await fromKnownRepository(reference, invocation));
}

function readChart(path: string, flags: FlagValues): Chart | Promise<Chart> {
  const isDirectory = statSync(path).isDirectory();
  if (flags.bool('verify')) {
    if (isDirectory) throw new Error('unpacked charts cannot be verified');
    return verifiedChart(readFileSync(path), readProvenance(`${path}.prov`), path, flags);
  }
  return isDirectory ? loadChartDirectory(directoryTree(path), '.') : loadChartArchive(readFileSync(path));
}

function readProvenance(path: string): Buffer {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) throw new Error(`could not load provenance file ${path}: there is none`);
  return readFileSync(path);
}

async function verifiedChart(archive: Buffer, provenance: Buffer, path: string, flags: FlagValues): Promise<Chart> {
  await verifyProvenance(archive, provenance, path, flags.string('keyring'));
  return loadChartArchive(archive);
}

/** `--repo`, or the repository of a dependency. */
async function fromRepository(url: string, { chart, version }: ChartReference, invocation: Invocation): Promise<Buffer> {
  return withRepository({ ...accessOf(invocation.flags), url }, async (repository) => {
    const { findChart: find, parseHelmIndex } = await import('@sluice/sources');
    const signal = deadlineOf(invocation);
    let index;
    try {
      const fetched = await repository.fetchIndex({ signal });
      if (fetched === 'unchanged') throw new Error('the index was not sent');
      index = await parseHelmIndex(fetched.bytes);
    } catch (error) {
      throw new Error(`looks like ${JSON.stringify(url)} is not a valid chart repository or cannot be reached: ${errorMessage(error)}`, {
        cause: error,
      });
    }
    let found;
    try {
      found = find(index, chart, version);
    } catch (error) {
      const wanted = version === '' ? '' : ` version ${JSON.stringify(version)}`;
      throw new Error(`chart ${JSON.stringify(chart)}${wanted} not found in ${url} repository`, { cause: error });
    }
    const archive = await repository.download(found, { signal });
    if (!invocation.flags.bool('verify')) return archive;
    const [address = ''] = found.urls ?? [];
    return verifiedDownload(repository, address, archive, invocation);
  });
}

async function fromUrl(url: string, invocation: Invocation): Promise<Buffer> {
  return withRepository({ ...accessOf(invocation.flags), url: new URL('.', url).href }, async (repository) => {
    const archive = await repository.download(fileAt(url), { signal: deadlineOf(invocation) });
    return invocation.flags.bool('verify') ? verifiedDownload(repository, url, archive, invocation) : archive;
  });
}

/** A file on the web, reached as the flags say. */
export function fetchFile(url: string, invocation: Invocation): Promise<Buffer> {
  return withRepository({ ...accessOf(invocation.flags), url: new URL('.', url).href }, (repository) =>
    repository.download(fileAt(url), { signal: deadlineOf(invocation) }),
  );
}

/** What a repository has at an address, as if its index named it. */
function fileAt(url: string): Parameters<HelmRepository['download']>[0] {
  return { name: url, version: '', created: '', urls: [url] };
}

async function verifiedDownload(repository: HelmRepository, url: string, archive: Buffer, invocation: Invocation): Promise<Buffer> {
  const provenance = await repository.download(fileAt(`${url}.prov`), { signal: deadlineOf(invocation) });
  await verifyProvenance(archive, provenance, url, invocation.flags.string('keyring'));
  return archive;
}

/** `repository/chart`, of a repository that `helm repo add` made known. */
async function fromKnownRepository({ chart, version }: ChartReference, invocation: Invocation): Promise<Buffer> {
  const slash = chart.indexOf('/');
  if (slash < 0) {
    throw new Error(
      `there is no chart at ${chart}: name a directory with a Chart.yaml, an archive, repository/chart, oci://…, or add --repo`,
    );
  }
  const name = chart.slice(0, slash);
  const known = readRepositories(invocation.terminal.environment).find((repository) => repository.name === name);
  if (known === undefined)
    throw new Error(`repo ${name} not found: no directory of that name is here, and no repository was added under it`);
  const flags = withAccessOf(known, invocation);
  return fromRepository(known.url, { chart: chart.slice(slash + 1), repo: known.url, version }, { ...invocation, flags });
}

async function fromRegistry({ chart, version }: ChartReference, invocation: Invocation): Promise<Buffer> {
  const { createOciClient, parseOciReference } = await import('@sluice/sources');
  const { registry, repository, tag, digest } = parseOciReference(chart);
  const { flags, terminal } = invocation;
  const { username, password, passCredentials: _, ...access } = accessOf(flags);
  const client = createOciClient({
    url: `oci://${registry}/${repository}`,
    ...access,
    ...(flags.bool('plain-http') && { insecure: true }),
    login: username === undefined ? await readRegistryLogin(terminal.environment) : () => ({ username, password: password ?? '' }),
    env: terminal.environment,
  });
  if (flags.bool('verify'))
    throw new Error(`--verify works with archives and repositories; for ${chart} check its signature in the registry`);
  const call = { signal: deadlineOf(invocation), layerMediaType: CHART_LAYER };
  try {
    if (tag !== undefined && version !== '' && tag !== version) {
      throw new Error(`chart reference and version mismatch: ${version} is not ${tag}`);
    }
    const pinned = digest ?? (await client.resolve(tag === undefined ? selectorOf(version) : { tag }, call)).digest;
    const { layer } = await client.pull(pinned, call);
    if (layer.size > MAX_CHART_BYTES) {
      throw new SluiceError('SourceTooLarge', `the chart ${chart} has ${layer.size} bytes, more than the limit of ${MAX_CHART_BYTES}`);
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of client.blob(layer, call)) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    await client.close();
  }
}

/** A version is a tag as it is written (with `_` for `+`); a range, or nothing, is the newest one that fits. */
function selectorOf(version: string): OciSelector {
  const isExact = /^v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+_-]*)?$/.test(version);
  return isExact ? { tag: version.replaceAll('+', '_') } : { semver: version === '' ? '*' : version };
}

async function withRepository(options: HelmRepositoryOptions, use: (repository: HelmRepository) => Promise<Buffer>): Promise<Buffer> {
  const { createHelmRepository } = await import('@sluice/sources');
  const repository = createHelmRepository(options);
  try {
    return await use(repository);
  } finally {
    await repository.close();
  }
}

type Access = Omit<HelmRepositoryOptions, 'url' | 'timeoutMs'>;

/** What the flags say about how to reach whoever has the chart. */
function accessOf(flags: FlagValues): Access {
  const text = (name: string): string | undefined => (flags.string(name) === '' ? undefined : flags.string(name));
  const file = (name: string): string | undefined => (flags.string(name) === '' ? undefined : readFileSync(flags.string(name), 'utf8'));
  return {
    username: text('username'),
    password: text('password'),
    passCredentials: flags.bool('pass-credentials'),
    ca: file('ca-file'),
    clientCertificate: file('cert-file'),
    clientKey: file('key-file'),
    insecureSkipTlsVerify: flags.bool('insecure-skip-tls-verify'),
  };
}

/** The flags of a command, with what is known of a repository below them. */
function withAccessOf({ access }: KnownRepository, { flags }: Invocation): FlagValues {
  return Object.entries(access).reduce((all, [name, value]) => (all.changed(name) ? all : all.with(name, value)), flags);
}
