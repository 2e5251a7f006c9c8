import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { proxyFromEnvironment } from '@sluice/kube';
import { guardedAddresses, refuseLinkLocal } from '../http/link-local.js';
import type { GitConfig } from './command.js';
import { checkCredentials, secretsOf, type GitCredentials } from './credentials.js';
import type { GitUrl } from './url.js';

/** Everything a Git process needs to reach one address: settings, environment, and what to keep out of messages. */
export interface GitAccess {
  readonly config: GitConfig;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

export interface AccessOptions {
  /** Where files with keys are written for the time of one command. */
  readonly keysDir: string;
  /** Where files without secrets are kept. */
  readonly cacheDir: string;
  /** `http://proxy:3128`, `socks5://…`; its credentials may be in it. */
  readonly proxy?: string | undefined;
  /** Redirects are errors: no server leads to where this one must not. */
  readonly noRedirects?: boolean | undefined;
}

/**
 * Gives `use` what it needs to reach an address with some credentials. Secrets go by environment and by files that only
 * this user can read, which are gone when it returns; never by arguments, which every user of a machine can read.
 *
 * No redirect takes credentials to another host: git asks for user and password anew for every host, and only this
 * one is answered. A bearer token can only go as a header that git sends everywhere, so with one no redirect is followed.
 */
export async function withAccess<T>(
  url: GitUrl,
  credentials: GitCredentials,
  options: AccessOptions,
  use: (access: GitAccess) => Promise<T>,
): Promise<T> {
  checkCredentials(url, credentials);
  const files = new PrivateFiles(options.keysDir);
  try {
    const access = url.protocol === 'ssh' ? await sshAccess(credentials, files) : await httpAccess(url, credentials, options, files);
    return await use({ ...access, env: { ...access.env, GIT_ALLOW_PROTOCOL: url.protocol === 'http' ? 'http:https' : url.protocol } });
  } finally {
    await files.remove();
  }
}

/** Answers git's credential protocol from the environment. The words are fixed: nothing of the user's is in them. */
const credentialHelper = `!sluice() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$SLUICE_GIT_USERNAME" "$SLUICE_GIT_PASSWORD"; }; sluice`;

async function httpAccess(url: GitUrl, credentials: GitCredentials, options: AccessOptions, files: PrivateFiles): Promise<GitAccess> {
  const origin = `${url.protocol}://${url.host}`;
  const config: [string, string][] = [];
  const env: Record<string, string> = {};
  if (credentials.bearerToken !== undefined) {
    config.push([`http.${origin}/.extraHeader`, `Authorization: Bearer ${credentials.bearerToken}`], ['http.followRedirects', 'false']);
  } else if (credentials.username !== undefined) {
    config.push([`credential.${origin}.helper`, credentialHelper]);
    env.SLUICE_GIT_USERNAME = credentials.username;
    env.SLUICE_GIT_PASSWORD = credentials.password ?? '';
  }
  const system = process.env.SSL_CERT_FILE;
  if (credentials.ca !== undefined) config.push(['http.sslCAInfo', await authoritiesFile(credentials.ca, system, options.cacheDir)]);
  else if (system !== undefined && system !== '') config.push(['http.sslCAInfo', system]);
  if (credentials.clientCertificate !== undefined && credentials.clientKey !== undefined) {
    config.push(
      [`http.${origin}/.sslCert`, await files.write('tls.crt', credentials.clientCertificate)],
      [`http.${origin}/.sslKey`, await files.write('tls.key', credentials.clientKey)],
    );
  }
  if (options.noRedirects === true) config.push(['http.followRedirects', 'false']);
  if (options.proxy !== undefined) config.push(['http.proxy', options.proxy]);
  config.push(...(await heldTo(new URL(url.address), options.proxy)));
  return { config, env, secrets: [...secretsOf(credentials), ...(options.proxy === undefined ? [] : proxyPassword(options.proxy))] };
}

/** Holds git to the addresses that its host has now, none of which is link-local. A proxy looks up names itself. */
async function heldTo(url: URL, proxy: string | undefined): Promise<[string, string][]> {
  const isProxied = (proxy ?? proxyFromEnvironment(url, process.env)) !== undefined;
  if (isProxied) refuseLinkLocal(url);
  const addresses = isProxied ? [] : await guardedAddresses(url);
  if (addresses.length === 0) return [];
  const port = url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80';
  const list = addresses.map((address) => (address.includes(':') ? `[${address}]` : address)).join(',');
  return [['http.curloptResolve', `${url.hostname}:${port}:${list}`]];
}

async function sshAccess(credentials: GitCredentials, files: PrivateFiles): Promise<GitAccess> {
  const { agent, hostKeyAlgorithms = [] } = credentials;
  const keys =
    agent === undefined
      ? [`IdentityFile=${quotedOption(await files.write('identity', withFinalNewline(credentials.identity ?? '')))}`, 'IdentityAgent=none']
      : ['IdentityFile=none', `IdentityAgent=${quotedOption(agent)}`];
  const knownHosts = await files.write('known_hosts', withFinalNewline(credentials.knownHosts ?? ''));
  const options = [
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${quotedOption(knownHosts)}`,
    'GlobalKnownHostsFile=/dev/null',
    ...keys,
    `IdentitiesOnly=${agent === undefined ? 'yes' : 'no'}`,
    ...(hostKeyAlgorithms.length === 0 ? [] : [`HostKeyAlgorithms=${hostKeyAlgorithms.join(',')}`]),
    'PreferredAuthentications=publickey',
    'PasswordAuthentication=no',
    'KbdInteractiveAuthentication=no',
    // A passphrase is asked for by way of the program below; without one nothing may be asked.
    `BatchMode=${credentials.password === undefined ? 'yes' : 'no'}`,
    'NumberOfPasswordPrompts=1',
    'UpdateHostKeys=no',
    'CheckHostIP=no',
    'PermitLocalCommand=no',
    'ClearAllForwardings=yes',
    'ProxyCommand=none',
    'ControlMaster=no',
    'ControlPath=none',
    'ServerAliveInterval=15',
    'ConnectTimeout=20',
    'LogLevel=ERROR',
  ];
  const env: Record<string, string> = {
    GIT_SSH_COMMAND: ['ssh', '-F', '/dev/null', ...options.flatMap((option) => ['-o', shellQuoted(option)])].join(' '),
    GIT_SSH_VARIANT: 'ssh',
  };
  if (credentials.password !== undefined) {
    const askpass = await files.write('askpass', `#!/bin/sh\nprintf '%s\\n' "$SLUICE_SSH_PASSPHRASE"\n`, 0o700);
    Object.assign(env, { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', SLUICE_SSH_PASSPHRASE: credentials.password, DISPLAY: ':' });
  }
  return { config: [], env, secrets: secretsOf(credentials) };
}

/** Files in a directory that only this user can enter, made when the first one is written. */
class PrivateFiles {
  readonly #parent: string;
  #directory: string | undefined;

  constructor(parent: string) {
    this.#parent = parent;
  }

  async write(name: string, content: string, mode = 0o600): Promise<string> {
    if (this.#directory === undefined) {
      await mkdir(this.#parent, { recursive: true, mode: 0o700 });
      this.#directory = await mkdtemp(join(this.#parent, 'git-'));
    }
    const path = join(this.#directory, name);
    await writeFile(path, content, { mode, flag: 'wx' });
    return path;
  }

  async remove(): Promise<void> {
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }
}

/** A file with the authorities that this machine trusts (`SSL_CERT_FILE`, else the public ones) and some more. It holds no secret and stays, by the digest of what was added. */
async function authoritiesFile(ca: string, system: string | undefined, cacheDir: string): Promise<string> {
  const directory = join(cacheDir, 'authorities');
  const known = system !== undefined && existsSync(system) ? await readFile(system, 'utf8') : rootCertificates.join('\n');
  const path = join(directory, `${createHash('sha256').update(`${ca}\0${known}`).digest('hex')}.pem`);
  if (existsSync(path)) return path;
  await mkdir(directory, { recursive: true });
  const scratch = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(scratch, `${ca.trimEnd()}\n${known}\n`);
  await chmod(scratch, 0o644);
  await rename(scratch, path);
  return path;
}

function proxyPassword(proxy: string): string[] {
  try {
    const { password } = new URL(proxy);
    return password === '' ? [] : [decodeURIComponent(password)];
  } catch {
    return [];
  }
}

function withFinalNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** ssh splits its options' values at blanks, like a configuration file. */
function quotedOption(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
