import { SluiceError } from '@sluice/core';
import { latestVersion, parseConstraint, parseStrictVersion, tryParseVersion } from '@sluice/semver';
import type { ChartVersion } from '../helm-repository/helm-index.js';
import { createOciClient, type OciCall, type OciClient, type OciClientOptions } from '../oci/client.js';
import { gatherBlob } from '../oci/gather.js';
import { worded } from '../worded.js';
import type { ChartRepository } from './repository.js';

const mediaTypes = {
  config: 'application/vnd.cncf.helm.config.v1+json',
  chart: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
  oldChart: 'application/tar+gzip',
} as const;

/** The most bytes of a chart's archive, and of what comes with it. */
const maxChartBytes = 10 * 1024 * 1024;

/** The charts below an address of a registry: each is a repository of its own, its versions are the tags. */
export function ociCharts(options: OciClientOptions): ChartRepository {
  const root = options.url.replace(/\/+$/, '');
  const clients = new Map<string, OciClient>();
  const clientOf = (name: string): OciClient => {
    let client = clients.get(name);
    if (client === undefined) {
      client = createOciClient({ ...options, url: `${root}/${name}` });
      clients.set(name, client);
    }
    return client;
  };
  const archiveOf = async (chart: ChartVersion, call: OciCall | undefined): Promise<Buffer> => {
    const client = clientOf(chart.name);
    const { config, layers } = await client.manifest(referenceOf(chart), call);
    if (config?.mediaType !== mediaTypes.config) {
      throw new SluiceError('SourceAnswerInvalid', `could not load config with mediatype ${mediaTypes.config}`);
    }
    const layer = layers.find(({ mediaType }) => mediaType === mediaTypes.chart || mediaType === mediaTypes.oldChart);
    if (layer === undefined)
      throw new SluiceError('SourceNotFound', `manifest does not contain a layer with mediatype ${mediaTypes.chart}`);
    return await gatherBlob(client, layer, maxChartBytes, call);
  };

  return {
    async find(name, wanted, call) {
      const at = (version: string): ChartVersion => ({
        name,
        version,
        urls: [`${root}/${name}:${tagOf(version)}`],
        created: '0001-01-01T00:00:00Z',
      });
      // A version in full is not looked up: the list of tags may be long.
      if (wanted.split('.').length >= 3 && tryParseVersion(wanted) !== undefined) return at(wanted);
      return at(newest(name, wanted, await versionsOf(clientOf(name), name, `${root}/${name}`, call)));
    },
    download: (chart, call) => worded(`failed to get '${chart.urls?.[0] ?? chart.name}'`, () => archiveOf(chart, call)),
    async verify(chart, check, call = {}) {
      const client = clientOf(chart.name);
      const url = chart.urls?.[0] ?? '';
      const { digest } = await worded(`failed to resolve digest for '${url}'`, () => client.resolve({ tag: tagOf(chart.version) }, call));
      const pinned = `${root}/${chart.name}@${digest}`;
      const result = await worded(`failed to verify ${pinned}`, () => check(client, digest, call));
      return { chart: { ...chart, urls: [pinned] }, result };
    },
    isReferenceError: () => false,
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}

/** A tag can't have a plus. */
function tagOf(version: string): string {
  return version.replaceAll('+', '_');
}

function referenceOf({ version, urls }: ChartVersion): string {
  return /@(sha256:[0-9a-f]{64})$/.exec(urls?.[0] ?? '')?.[1] ?? tagOf(version);
}

async function versionsOf(client: OciClient, name: string, url: string, call: OciCall | undefined): Promise<string[]> {
  const tags = await worded(`could not get tags for "${name}": could not fetch tags for "${url}"`, () => client.tags(call));
  const versions = tags.map((tag) => tag.replaceAll('_', '+')).filter(isStrictVersion);
  if (versions.length > 0) return versions;
  throw new SluiceError('SourceNotFound', `could not get tags for "${name}": unable to locate any tags in provided repository: ${url}`);
}

function newest(name: string, wanted: string, versions: readonly string[]): string {
  const found = versions.includes(wanted) ? wanted : latestVersion(parseConstraint(wanted === '' ? '*' : wanted), versions);
  if (found !== undefined) return found;
  throw new SluiceError('SourceNotFound', `could not locate a version of '${name}' matching provided version string ${wanted}`);
}

function isStrictVersion(text: string): boolean {
  try {
    parseStrictVersion(text);
    return true;
  } catch {
    return false;
  }
}
