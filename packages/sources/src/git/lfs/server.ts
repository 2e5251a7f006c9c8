import { execFile } from 'node:child_process';
import { SluiceError, deadlineSignal, isJsonObject, type ErrorReason } from '@sluice/core';
import { basicAuthorization, follow, readBody } from '../../http/exchange.js';
import { createHttpTransport, shown, type HttpTransport, type WebAnswer } from '../../http/transport.js';
import type { GitAccess } from '../access.js';
import type { GitCredentials } from '../credentials.js';
import type { Reach } from '../mirror.js';
import { redact } from '../redact.js';
import type { GitUrl } from '../url.js';
import type { LfsPointer } from './pointer.js';

/** How a repository's large files are reached: by the way and with the credentials of the repository itself. */
export interface LfsOrigin {
  readonly url: GitUrl;
  readonly credentials: GitCredentials;
  readonly proxy: string | undefined;
  readonly reach: Reach;
  /** `lfs.url` of the repository's `.lfsconfig`. */
  readonly configured: string | undefined;
}

export interface LfsLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface Endpoint {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** An open way to the server of a repository's large files. */
export interface LfsServer {
  /** The bytes of objects, one after another; they are not checked yet. */
  download(objects: readonly LfsPointer[], use: (object: LfsPointer, bytes: AsyncIterable<Uint8Array>) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

const mediaType = 'application/vnd.git-lfs+json';
/** As many as git-lfs itself asks for at once. */
const batchSize = 100;
const maxBatchBytes = 4 * 1024 * 1024;

export async function openLfsServer(origin: LfsOrigin, limits: LfsLimits): Promise<LfsServer> {
  const endpoint = await findEndpoint(origin, limits);
  const { ca, clientCertificate, clientKey } = origin.credentials;
  const transport = createHttpTransport(endpoint.url, { ca, clientCertificate, clientKey, proxy: origin.proxy });
  const signal = deadlineSignal(limits.timeoutMs, limits.signal);
  return {
    async download(objects, use) {
      for (let at = 0; at < objects.length; at += batchSize) {
        const batch = objects.slice(at, at + batchSize);
        const actions = await askBatch(transport, endpoint, batch, signal);
        for (const object of batch) await fetchObject(transport, endpoint, object, actions.get(object.oid), signal, use);
      }
    },
    close: () => transport.close(),
  };
}

interface Action {
  readonly href?: unknown;
  readonly header?: unknown;
  readonly error?: unknown;
}

async function askBatch(
  transport: HttpTransport,
  endpoint: Endpoint,
  objects: readonly LfsPointer[],
  signal: AbortSignal,
): Promise<Map<string, Action>> {
  const url = new URL(endpoint.url);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/objects/batch`;
  const body = JSON.stringify({ operation: 'download', transfers: ['basic'], hash_algo: 'sha256', objects });
  const headers = { accept: mediaType, 'content-type': mediaType, ...endpoint.headers };
  const answer = await send(() => transport.send({ method: 'POST', url, headers, body, signal }));
  if (answer.status !== 200) throw refused(answer);
  let parsed: unknown;
  try {
    parsed = JSON.parse((await readBody(answer, maxBatchBytes, `the answer of ${shown(url)}`)).toString('utf8'));
  } catch (error) {
    throw new SluiceError('GitFailed', `the LFS server ${shown(url)} did not answer with JSON`, { cause: error });
  }
  const found = new Map<string, Action>();
  for (const each of isJsonObject(parsed) && Array.isArray(parsed.objects) ? parsed.objects : []) {
    if (!isJsonObject(each) || typeof each.oid !== 'string') continue;
    const download = isJsonObject(each.actions) ? each.actions.download : undefined;
    found.set(each.oid, { ...(isJsonObject(download) ? download : {}), error: each.error });
  }
  return found;
}

async function fetchObject(
  transport: HttpTransport,
  endpoint: Endpoint,
  object: LfsPointer,
  action: Action | undefined,
  signal: AbortSignal,
  use: (object: LfsPointer, bytes: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const { href, header, error } = action ?? {};
  if (typeof href !== 'string' || !URL.canParse(href) || !/^https?:$/.test(new URL(href).protocol)) {
    const why = isJsonObject(error) && typeof error.message === 'string' ? error.message.slice(0, 200) : 'it does not say where it is';
    throw new SluiceError(
      'GitReferenceMissing',
      `the LFS server ${shown(endpoint.url)} does not give out the object ${object.oid}: ${why}`,
    );
  }
  const url = new URL(href);
  if (endpoint.url.protocol === 'https:' && url.protocol !== 'https:') {
    throw new SluiceError('GitUnreachable', `the LFS server ${shown(endpoint.url)} refers to ${shown(url)}, which is not encrypted`);
  }
  const own = isJsonObject(header) ? Object.entries(header).filter((entry): entry is [string, string] => typeof entry[1] === 'string') : [];
  // The server says what to show elsewhere; its own credentials are for itself.
  const isHome = url.origin === endpoint.url.origin && own.length === 0;
  const headers = isHome ? endpoint.headers : Object.fromEntries(own);
  const answer = await send(() => follow(transport, { url, headers, signal }));
  if (answer.status !== 200) throw refused(answer);
  try {
    await send(() => use(object, answer.body));
  } finally {
    answer.body.destroy();
  }
}

async function findEndpoint(origin: LfsOrigin, limits: LfsLimits): Promise<Endpoint> {
  const { url, credentials, configured } = origin;
  if (configured !== undefined) return configuredEndpoint(origin, configured);
  if (url.protocol === 'ssh') return await origin.reach((access) => authenticate(url, access, limits));
  const path = url.address.replace(/\/+$/, '');
  return { url: new URL(`${path.endsWith('.git') ? path : `${path}.git`}/info/lfs`), headers: authorization(credentials) };
}

/** The repository may name another server; our credentials go there only if it is the same one. */
function configuredEndpoint({ url, credentials }: LfsOrigin, configured: string): Endpoint {
  const endpoint = URL.canParse(configured) ? new URL(configured) : undefined;
  const allowed = url.protocol === 'http' ? ['http:', 'https:'] : ['https:'];
  if (endpoint === undefined || !allowed.includes(endpoint.protocol) || endpoint.username !== '') {
    throw new SluiceError('GitUrlRefused', `.lfsconfig names an LFS server that is not allowed: write an https address, without a user`, {
      place: { file: '.lfsconfig' },
    });
  }
  const isSame = `${url.protocol}:` === endpoint.protocol && url.host === endpoint.host;
  return { url: endpoint, headers: isSame ? authorization(credentials) : {} };
}

function authorization({ bearerToken, username, password }: GitCredentials): Record<string, string> {
  if (bearerToken !== undefined) return { authorization: `Bearer ${bearerToken}` };
  return username === undefined ? {} : { authorization: basicAuthorization(username, password ?? '') };
}

/** Over SSH the server is asked where the files are, and what to show there. */
async function authenticate(url: GitUrl, { env, secrets }: GitAccess, { timeoutMs, signal }: LfsLimits): Promise<Endpoint> {
  const { hostname, port, username, pathname } = new URL(url.address);
  const command = `git-lfs-authenticate '${decodeURIComponent(pathname).replaceAll("'", String.raw`'\''`)}' download`;
  const args = [...(port === '' ? [] : ['-p', port]), `${decodeURIComponent(username)}@${hostname}`, command];
  const output = await new Promise<string>((resolve, reject) => {
    // The options of ssh are words of ours, quoted for a shell already; whatever comes from users is an argument.
    const script = `exec ${env.GIT_SSH_COMMAND ?? 'ssh'} "$@"`;
    execFile(
      'sh',
      ['-c', script, 'sh', ...args],
      { env: { PATH: process.env.PATH ?? '', ...env }, timeout: timeoutMs, signal, maxBuffer: 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else
          reject(new SluiceError('GitFailed', `git-lfs-authenticate failed at ${url.host}: ${redact(stderr, secrets).trim().slice(-300)}`));
      },
    ).stdin?.end();
  });
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    // said below
  }
  const { href, header } = isJsonObject(answer) ? answer : {};
  if (typeof href !== 'string' || !URL.canParse(href) || !/^https?:$/.test(new URL(href).protocol)) {
    throw new SluiceError('GitFailed', `git-lfs-authenticate at ${url.host} did not say where the files are`);
  }
  const headers = isJsonObject(header)
    ? Object.entries(header).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    : [];
  return { url: new URL(href), headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])) };
}

const reasons: Partial<Record<ErrorReason, ErrorReason>> = {
  SourceUnreachable: 'GitUnreachable',
  SourceTimeout: 'GitTimeout',
  SourceRefused: 'GitUnreachable',
  SourceSettingsInvalid: 'GitCredentialsInvalid',
};

/** The failures of Git have reasons of their own. */
async function send<T>(exchange: () => Promise<T>): Promise<T> {
  try {
    return await exchange();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError(reasons[error.reason] ?? error.reason, `unable to fetch files of LFS: ${error.message}`, { cause: error });
  }
}

function refused(answer: WebAnswer): SluiceError {
  answer.body.destroy();
  const what = `the LFS server ${shown(answer.url)} answered ${answer.status}`;
  if (answer.status === 401 || answer.status === 403)
    return new SluiceError('GitAuthenticationFailed', `${what}: the credentials may not read its files`);
  if (answer.status === 404)
    return new SluiceError('GitRepositoryMissing', `${what}: the repository has no files there, or they are hidden from these credentials`);
  return new SluiceError(answer.status === 429 || answer.status >= 500 ? 'GitUnreachable' : 'GitFailed', what);
}
