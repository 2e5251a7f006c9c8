import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cloudGitLogin, parseGitUrl, type GitCredentials } from '@sluice/sources';
import {
  bootstrap,
  withSurroundings,
  type BootstrapAccess,
  type BootstrapOptions,
  type BootstrapSurroundings,
} from '../bootstrap/index.js';
import type { Invocation } from '../command-line/index.js';
import { confirmed, readSecret } from '../prompt.js';
import { generateSshKeys, gitSecret, readSshKeys, scanHostKeys } from '../secrets/index.js';

/** `bootstrap git`: with any Git server. What only an API could do at the server, people do themselves. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const url = addressOf(flags.string('url'), flags.bool('allow-insecure-http'));
  const password = await passwordOf(invocation);
  if (flags.has('read-write-key') && flags.bool('read-write-key'))
    terminal.warning('--read-write-key: what the key may do is set at the server; give it write access there');
  await withSurroundings(invocation, async (options, surroundings) => {
    const access =
      url.protocol === 'ssh:'
        ? await sshCredentials(url, password, invocation, surroundings.signal)
        : await httpCredentials(url, password, options, invocation);
    await bootstrap(options, { ...access, ...(await secretOf(url, access.login, options, invocation, surroundings)) }, surroundings);
  });
}

interface Login {
  /** In the place of the flags', where a cloud gives it. */
  readonly username: string;
  readonly password: string;
  readonly isToken: boolean;
  readonly provider?: string;
}

type Reach = Pick<BootstrapAccess, 'url' | 'credentials'> & { readonly login: Login };

/** Checks the address, and says how to write it where people mean something else. */
function addressOf(text: string, allowHttp: boolean): URL {
  if (text === '') throw new Error('--url is required: ssh://git@host/path or https://host/path');
  const scp = /^([\w.-]+@)?([\w.-]+):(?!\/\/)(\S+)$/.exec(text);
  if (scp !== null)
    throw new Error(`--url=${text} has no protocol: write ssh://${scp[1] ?? 'git@'}${scp[2] ?? ''}/${(scp[3] ?? '').replace(/^\/+/, '')}`);
  if (!URL.canParse(text)) throw new Error(`--url=${JSON.stringify(text)} is no address: write ssh://git@host/path or https://host/path`);
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  if (!['http', 'https', 'ssh'].includes(scheme)) throw new Error(`scheme ${JSON.stringify(scheme)} is not supported`);
  if (scheme === 'http' && !allowHttp) throw new Error('scheme http is insecure, pass --allow-insecure-http=true to allow it');
  if (scheme === 'ssh' && url.hostname === 'dev.azure.com')
    throw new Error(
      'Azure DevOps speaks SSH at another host: write --url=ssh://git@ssh.dev.azure.com/v3/<organization>/<project>/<repository>',
    );
  if (scheme === 'ssh' && isCodeCommit(url) && (url.username === '' || url.username === 'git'))
    throw new Error('invalid AWS CodeCommit url: ssh username should be the SSH key ID for the provided private key');
  parseGitUrl(text);
  return url;
}

function isCodeCommit({ hostname }: URL): boolean {
  return hostname.includes('git-codecommit') && hostname.includes('amazonaws.com');
}

async function passwordOf({ flags, terminal, signal }: Invocation): Promise<string> {
  const given = flags.string('password') === '' ? (terminal.environment['GIT_PASSWORD'] ?? '') : flags.string('password');
  const isToken = flags.bool('token-auth') || flags.bool('with-bearer-token');
  return isToken && given === '' ? readSecret('Please enter your Git repository password: ', signal) : given;
}

async function sshCredentials(url: URL, password: string, { flags, terminal }: Invocation, signal: AbortSignal): Promise<Reach> {
  const login = { username: flags.string('username'), password, isToken: flags.bool('token-auth') || flags.bool('with-bearer-token') };
  const hostKeyAlgorithms = flags.list('ssh-hostkey-algos');
  const file = flags.string('private-key-file');
  if (isCodeCommit(url) && file === '') throw new Error('private key file is required for bootstrapping against AWS CodeCommit using ssh');
  const keys = await readSshKeys(file, password);
  if (keys !== undefined) {
    const credentials = {
      identity: keys.privateKey,
      ...(password === '' ? {} : { password }),
      knownHosts: await scanHostKeys(url.host, signal),
      hostKeyAlgorithms,
    };
    return { url: url.href, credentials, login };
  }
  const agent = terminal.environment['SSH_AUTH_SOCK'] ?? '';
  if (agent === '')
    throw new Error(
      'no SSH key to clone with: name one with --private-key-file, or start an SSH agent that has one (SSH_AUTH_SOCK is not set)',
    );
  const known = await readFile(join(terminal.environment['HOME'] ?? '', '.ssh/known_hosts'), 'utf8').catch(() => '');
  const knownHosts = known === '' ? await scanHostKeys(url.host, signal) : known;
  return { url: url.href, credentials: { agent, knownHosts, hostKeyAlgorithms }, login };
}

async function httpCredentials(url: URL, password: string, { ca }: BootstrapOptions, { flags, signal }: Invocation): Promise<Reach> {
  const isToken = flags.bool('token-auth') || flags.bool('with-bearer-token');
  if (url.protocol === 'https:' && isCodeCommit(url) && !isToken) {
    const cloud = await cloudGitLogin('aws')(parseGitUrl(url.href), signal);
    const login = { username: cloud.username ?? '', password: cloud.password ?? '', isToken: true, provider: 'aws' };
    return { url: url.href, credentials: cloud, login };
  }
  const username = flags.string('username');
  const secret: GitCredentials = flags.bool('with-bearer-token')
    ? { bearerToken: password }
    : password === ''
      ? {}
      : { username, password };
  return { url: url.href, credentials: { ...secret, ...(ca === '' ? {} : { ca }) }, login: { username, password, isToken } };
}

/** What the cluster reads the repository with: the same token, or a key of its own. */
async function secretOf(
  url: URL,
  login: Login,
  options: BootstrapOptions,
  invocation: Invocation,
  { terminal, signal }: BootstrapSurroundings,
): Promise<Pick<BootstrapAccess, 'syncUrl' | 'provider' | 'secret' | 'afterSecret'>> {
  const { flags } = invocation;
  const name = { name: options.secretName, namespace: options.install.namespace };
  const { username, password } = login;
  if (login.isToken) {
    const secret = gitSecret(name, {
      ...(flags.bool('with-bearer-token') ? { bearerToken: password } : { username, password }),
      ca: options.ca,
    });
    return {
      syncUrl: httpsAddress(url, flags.bool('allow-insecure-http')),
      ...(login.provider === undefined ? {} : { provider: login.provider }),
      secret: () => Promise.resolve(secret),
    };
  }
  const sync = sshAddress(url, username, flags.string('ssh-hostname'));
  const given = await readSshKeys(flags.string('private-key-file'), password);
  return {
    syncUrl: sync.href,
    secret: async (existing) => {
      if (existing?.has('identity') === true && given === undefined) {
        const publicKey = existing.get('identity.pub');
        if (publicKey !== undefined) terminal.success(`public key: ${publicKey.trim()}`);
        return undefined;
      }
      terminal.action('generating source secret');
      const keyPair = given ?? generateSshKeys(flags);
      return gitSecret(name, { keyPair, knownHosts: await scanHostKeys(sync.host, signal), password });
    },
    // In the cluster already, so that a run that ends here goes on with the same key.
    afterSecret: async (secret) => {
      terminal.success(`public key: ${secret.stringData?.['identity.pub']?.trim() ?? ''}`);
      if (flags.bool('silent') || given !== undefined) return;
      if (!(await confirmed('Please give the key access to your repository', invocation.signal)))
        throw new Error('aborting: give the public key above access to the repository, and run the command again; --silent does not ask');
    },
  };
}

function httpsAddress(url: URL, allowHttp: boolean): string {
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  // The port is of the protocol that it was written with.
  return `${allowHttp && url.protocol === 'http:' ? 'http' : 'https'}://${isHttp ? url.host : url.hostname}${url.pathname}`;
}

function sshAddress(url: URL, username: string, hostname: string): URL {
  const user = url.username === '' || username !== 'git' ? username : url.username;
  return new URL(`ssh://${user}@${hostname === '' ? url.host : hostname}${url.pathname}`);
}
