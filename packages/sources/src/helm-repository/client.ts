import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { SluiceError, withDeadline } from '@sluice/core';
import { basicAuthorization, follow, readBody, reasonOfStatus } from '../http/exchange.js';
import { createHttpTransport, shown, type HttpAccess, type WebAnswer } from '../http/transport.js';
import { indexRevision, maxIndexBytes, type ChartVersion } from './helm-index.js';

export interface HelmRepositoryOptions extends HttpAccess {
  /** `https://charts.example.com/stable`; its query goes with every request. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Sends the credentials to other hosts too, where the index has charts there. Default: false. */
  readonly passCredentials?: boolean | undefined;
  /** The limit of one operation. Default: 60 s. */
  readonly timeoutMs?: number | undefined;
}

/** An index as the repository has it. */
export interface FetchedIndex {
  readonly revision: string;
  readonly bytes: Buffer;
  /** For the next time. */
  readonly etag?: string;
}

/**
 * A Helm repository over HTTP.
 *
 * ```ts
 * const repository = createHelmRepository({ url: 'https://charts.example.com' });
 * const fetched = await repository.fetchIndex();
 * const index = await parseHelmIndex(fetched.bytes);
 * const archive = await repository.download(findChart(index, 'podinfo', '6.x'));
 * await repository.close();
 * ```
 */
export interface HelmRepository {
  /** The index, or `unchanged` when it is still the one with that ETag. */
  fetchIndex(options?: {
    readonly etag?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<FetchedIndex | 'unchanged'>;
  /** The archive of a chart. It must have the digest that the index says, where it says one. */
  download(chart: ChartVersion, options?: { readonly signal?: AbortSignal | undefined }): Promise<Buffer>;
  close(): Promise<void>;
}

/** The most bytes of a chart's archive, as with Flux. */
const maxChartBytes = 10 * 1024 * 1024;

export function createHelmRepository(options: HelmRepositoryOptions): HelmRepository {
  const home = parseRepositoryUrl(options.url);
  const transport = createHttpTransport(home, options);
  const { username = '', password = '', passCredentials = false, timeoutMs = 60_000 } = options;

  const limited = <T>(signal: AbortSignal | undefined, run: (limit: AbortSignal) => Promise<T>): Promise<T> =>
    withDeadline(timeoutMs, signal, run);

  const get = async (url: URL, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<WebAnswer> => {
    // Helm's rule: both must be there, and the charts' host must be the index's, unless it may be another.
    const isSent = username !== '' && password !== '' && (passCredentials || url.origin === home.origin);
    const answer = await follow(transport, {
      url,
      headers: { ...headers, ...(isSent && { authorization: basicAuthorization(username, password) }) },
      signal,
    });
    if (answer.status === 200 || answer.status === 304) return answer;
    answer.body.destroy();
    throw new SluiceError(
      reasonOfStatus(answer.status),
      `failed to fetch ${shown(url)} : ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim(),
    );
  };

  return {
    fetchIndex: ({ etag, signal } = {}) =>
      limited(signal, async (limit) => {
        const url = new URL(home);
        url.pathname = `${home.pathname.replace(/\/+$/, '')}/index.yaml`;
        const answer = await get(url, limit, etag === undefined ? {} : { 'if-none-match': etag });
        if (answer.status === 304) {
          answer.body.destroy();
          if (etag !== undefined) return 'unchanged';
          throw new SluiceError('SourceAnswerInvalid', `${shown(url)}: the server says that nothing changed, without having been asked`);
        }
        const bytes = await readBody(answer, maxIndexBytes, `the index ${shown(url)}`);
        const tag = answer.headers.etag;
        return { revision: indexRevision(bytes), bytes, ...(tag !== undefined && { etag: tag }) };
      }),
    download: (chart, { signal } = {}) =>
      limited(signal, async (limit) => {
        const [reference] = chart.urls ?? [];
        if (reference === undefined) throw new SluiceError('SourceNotFound', `chart '${chart.name}' has no downloadable URLs`);
        const url = resolveChartUrl(home, reference);
        const answer = await get(url, limit);
        const bytes = await readBody(answer, maxChartBytes, `the chart ${shown(url)}`);
        const expected = chart.digest?.replace(/^sha256:/, '').toLowerCase() ?? '';
        const actual = createHash('sha256').update(bytes).digest('hex');
        if (expected !== '' && actual !== expected) {
          throw new SluiceError(
            'ArtifactCorrupt',
            `the chart ${shown(url)} has the digest sha256:${actual}, and the index says sha256:${expected.slice(0, 200)}: one of them is out of date, or was changed`,
          );
        }
        return bytes;
      }),
    close: () => transport.close(),
  };
}

/** Where a chart is: the index may say it relative to the repository, whose query goes with it. */
export function resolveChartUrl(repository: URL, reference: string): URL {
  const invalid = (): SluiceError =>
    new SluiceError(
      'SourceAnswerInvalid',
      `the index refers to a chart at ${JSON.stringify(reference.slice(0, 500))}, which is no web address`,
    );
  const isAbsolute = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(reference);
  const base = new URL(repository);
  base.pathname = `${repository.pathname.replace(/\/+$/, '')}/`;
  if (!URL.canParse(reference, base.href)) throw invalid();
  const url = new URL(reference, base);
  if (!isAbsolute) url.search = repository.search;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalid();
  url.username = '';
  url.password = '';
  return url;
}

function parseRepositoryUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new SluiceError('SourceSettingsInvalid', `the address of the Helm repository must begin with http:// or https://`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new SluiceError(
      'SourceSettingsInvalid',
      `the address ${shown(url)} holds credentials: put them into a Secret, and name it in secretRef`,
    );
  }
  url.hash = '';
  return url;
}
