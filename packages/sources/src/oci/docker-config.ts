import { execFile } from 'node:child_process';
import { SluiceError, isJsonObject } from '@sluice/core';
import type { OciRepository } from './reference.js';

/** How to log in to a registry: user and password, a token to get tokens with, or a token as it is. */
export interface RegistryCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

/** Who to be at a repository; undefined is nobody. */
export type RegistryLogin = (repository: OciRepository) => RegistryCredentials | undefined | Promise<RegistryCredentials | undefined>;

export interface DockerConfigOptions {
  /** Lets `credHelpers` and `credsStore` start programs named docker-credential-…. Default: false, an error says so. */
  readonly allowHelpers?: boolean;
}

/**
 * The logins of a docker config (`.dockerconfigjson` of a Secret, or `~/.docker/config.json`). As in Kubernetes a key may
 * have a path (`host/team`) and wildcards in its host (`*.example.com`); the longest that fits is taken.
 */
export function dockerConfigLogin(text: string, options: DockerConfigOptions = {}): RegistryLogin {
  const config = parseObject(text);
  const auths = isJsonObject(config.auths) ? Object.entries(config.auths) : [];
  const entries = auths
    .map(([key, value]) => ({ place: placeOf(key), credentials: credentialsOf(key, value) }))
    .sort((a, b) => b.place.path.length - a.place.path.length || b.place.host.length - a.place.host.length);
  const helpers = new Map(isJsonObject(config.credHelpers) ? Object.entries(config.credHelpers) : []);
  return (repository) => {
    const helper = helpers.get(repository.registry) ?? (auths.length === 0 ? config.credsStore : undefined);
    if (typeof helper === 'string' && helper !== '') return askHelper(helper, repository.registry, options.allowHelpers === true);
    return entries.find(({ place, credentials }) => credentials !== undefined && fits(place, repository))?.credentials;
  };
}

interface Place {
  readonly host: string;
  readonly path: string;
}

/** Of `https://index.docker.io/v1/`, `ghcr.io`, `host:5000/team`. */
function placeOf(key: string): Place {
  const plain = key.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const slash = plain.indexOf('/');
  const host = slash < 0 ? plain : plain.slice(0, slash);
  const path = slash < 0 ? '' : plain.slice(slash + 1);
  return { host: host === 'docker.io' ? 'index.docker.io' : host, path: path === 'v1' || path === 'v2' ? '' : path };
}

function fits({ host, path }: Place, { registry, repository }: OciRepository): boolean {
  const [wantedName, wantedPort] = hostParts(host);
  const [name, port] = hostParts(registry);
  if (wantedPort !== port) return false;
  const wanted = wantedName.split('.');
  const given = name.split('.');
  if (wanted.length !== given.length || !wanted.every((part, index) => fitsPart(part, given[index] ?? ''))) return false;
  return path === '' || repository === path || repository.startsWith(`${path}/`);
}

function hostParts(host: string): [name: string, port: string] {
  const colon = /:(\d+)$/.exec(host);
  return colon === null ? [host, ''] : [host.slice(0, colon.index), colon[1] ?? ''];
}

/** One label of a host name against a pattern in which `*` stands for any characters. */
function fitsPart(pattern: string, part: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return first === part;
  if (!part.startsWith(first) || !part.endsWith(last) || part.length < first.length + last.length) return false;
  let at = first.length;
  for (const middle of others) {
    const found = part.indexOf(middle, at);
    if (found < 0 || found + middle.length > part.length - last.length) return false;
    at = found + middle.length;
  }
  return true;
}

function credentialsOf(key: string, value: unknown): RegistryCredentials | undefined {
  if (!isJsonObject(value)) throw invalid(`the entry of ${JSON.stringify(key)} is not an object`);
  const field = (name: string): string => (typeof value[name] === 'string' ? value[name] : '');
  if (field('registrytoken') !== '') return { registryToken: field('registrytoken') };
  const [username, password] = field('auth') === '' ? [field('username'), field('password')] : decodeAuth(key, field('auth'));
  if (field('identitytoken') !== '') return { username, identityToken: field('identitytoken') };
  return username === '' && password === '' ? undefined : { username, password };
}

function decodeAuth(key: string, auth: string): [username: string, password: string] {
  const text = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon < 0) throw invalid(`"auth" of ${JSON.stringify(key)} is not user:password in base64`);
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function askHelper(helper: string, registry: string, isAllowed: boolean): Promise<RegistryCredentials | undefined> {
  const program = `docker-credential-${helper}`;
  if (!/^[A-Za-z0-9._-]+$/.test(helper)) throw invalid(`${JSON.stringify(helper)} can't be the name of a credential helper`);
  if (!isAllowed) {
    throw invalid(`it wants the program ${program} to be run for ${registry}, which is not allowed: write the credentials under "auths"`);
  }
  const server = registry === 'index.docker.io' ? 'https://index.docker.io/v1/' : registry;
  return new Promise((resolve, reject) => {
    const child = execFile(program, ['get'], { timeout: 30_000, maxBuffer: 1024 * 1024 }, (error, stdout) => {
      // What it prints may hold secrets: nothing of it goes into a message.
      if (error !== null && /credentials not found/i.test(stdout)) return resolve(undefined);
      if (error !== null) return reject(invalid(`${program} failed for ${registry}: ${error.code ?? 'it took too long'}`));
      const answer = parseObject(stdout, program);
      const username = typeof answer.Username === 'string' ? answer.Username : '';
      const secret = typeof answer.Secret === 'string' ? answer.Secret : '';
      resolve(username === '<token>' ? { identityToken: secret } : { username, password: secret });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(server);
  });
}

function parseObject(text: string, what = 'it'): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the parser's message, which quotes the text, which holds passwords.
    throw invalid(`${what} is not JSON`);
  }
  if (!isJsonObject(value)) throw invalid(`${what} is not a JSON object`);
  return value;
}

function invalid(why: string): SluiceError {
  return new SluiceError('SourceSettingsInvalid', `the docker config can't be used: ${why}`);
}
