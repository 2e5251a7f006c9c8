import { bootstrap, withSurroundings, type BootstrapAccess, type BootstrapOptions } from '../bootstrap/index.js';
import { bitbucketServerProvider } from '../bootstrap/providers/bitbucket-server.js';
import { giteaProvider } from '../bootstrap/providers/gitea.js';
import { gitHubProvider } from '../bootstrap/providers/github.js';
import { gitLabProvider } from '../bootstrap/providers/gitlab.js';
import type { GitProvider, HostedRepository, ProviderOptions } from '../bootstrap/providers/provider.js';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { readSecret } from '../prompt.js';
import { generateSshKeys, gitSecret, readSshKeys, scanHostKeys, type SshKeyPair } from '../secrets/index.js';
import type { Terminal } from '../terminal.js';

interface Server {
  readonly tokenVariable: string;
  readonly title: string;
  readonly make: (options: ProviderOptions) => GitProvider;
  /** Who Git over HTTPS is told to be, where the token alone counts. */
  readonly syncUsername: (flags: FlagValues) => string;
  readonly teamFlag: string;
  readonly permission: string;
}

const git = (): string => 'git';

const servers = {
  github: {
    tokenVariable: 'GITHUB_TOKEN',
    title: 'GitHub',
    make: gitHubProvider,
    syncUsername: git,
    teamFlag: 'team',
    permission: 'maintain',
  },
  gitlab: {
    tokenVariable: 'GITLAB_TOKEN',
    title: 'GitLab',
    make: gitLabProvider,
    syncUsername: git,
    teamFlag: 'team',
    permission: 'maintain',
  },
  gitea: { tokenVariable: 'GITEA_TOKEN', title: 'Gitea', make: giteaProvider, syncUsername: git, teamFlag: 'team', permission: 'maintain' },
  'bitbucket-server': {
    tokenVariable: 'BITBUCKET_TOKEN',
    title: 'Bitbucket',
    make: bitbucketServerProvider,
    syncUsername: (flags) => flags.string(flags.bool('personal') ? 'owner' : 'username'),
    teamFlag: 'group',
    permission: 'push',
  },
} satisfies Record<string, Server>;

export type ServerName = keyof typeof servers;

/** `bootstrap github|gitlab|gitea|bitbucket-server`: the repository is found, or made, by the server's API. */
export async function bootstrapWith(name: ServerName, invocation: Invocation): Promise<void> {
  const { flags, terminal, signal } = invocation;
  const server: Server = servers[name];
  checkFlags(name, flags);
  const given = terminal.environment[server.tokenVariable] ?? '';
  const token = (given === '' ? await readSecret(`Please enter your ${server.title} personal access token (PAT): `, signal) : given).trim();
  const keys = await readSshKeys(flags.string('private-key-file'), '');
  await withSurroundings(invocation, async (options, surroundings) => {
    const provider = server.make({
      hostname: flags.string('hostname'),
      owner: flags.string('owner'),
      repository: flags.string('repository'),
      isPersonal: flags.bool('personal'),
      token,
      username: flags.has('username') ? flags.string('username') : 'git',
      ca: options.ca,
      environment: terminal.environment,
      signal: surroundings.signal,
    });
    try {
      terminal.action(`connecting to ${provider.domain}`);
      const repository = await reconcileRepository(provider, server, options, invocation);
      const access = accessOf(provider, server, repository, keys, options, invocation, surroundings.signal);
      await bootstrap(options, access, surroundings);
    } finally {
      await provider.close();
    }
  });
}

function checkFlags(name: ServerName, flags: FlagValues): void {
  for (const flag of ['owner', 'repository']) if (flags.string(flag) === '') throw new Error(`--${flag} is required`);
  if (flags.string('hostname') === '') throw new Error('invalid hostname "": name the server with --hostname');
  if (flags.bool('ssh-signing-reuse-private-key') && flags.string('private-key-file') === '')
    throw new Error(`--ssh-signing-reuse-private-key requires --private-key-file; without it 'bootstrap ${name}' makes a key of its own`);
  const repository = flags.string('repository');
  if (name === 'gitlab' && !/^[\p{L}\p{N}\p{Emoji}_][\p{L}\p{N}\p{Emoji}_. /-]*$/u.test(repository))
    throw new Error(
      `${repository} is an invalid project name for gitlab.\nIt can contain only letters, digits, emojis, '_', '.', dash, space. It must start with letter, digit, emoji or '_'.`,
    );
  if (name === 'gitlab' && flags.bool('token-auth') && flags.bool('deploy-token-auth'))
    throw new Error('--token-auth and --deploy-token-auth cannot be set both.');
}

function visibilityOf(flags: FlagValues): 'private' | 'internal' | 'public' {
  if (flags.has('visibility') && flags.changed('visibility')) return flags.string('visibility') as 'private' | 'internal' | 'public';
  return flags.bool('private') ? 'private' : 'public';
}

/** Finds the repository, or makes it, and lets teams in. That a team can't be let in is no reason to stop. */
async function reconcileRepository(
  provider: GitProvider,
  server: Server,
  { branch }: BootstrapOptions,
  { flags, terminal }: Invocation,
): Promise<HostedRepository> {
  const settings = { visibility: visibilityOf(flags), branch };
  let repository = await provider.find();
  if (repository === undefined) {
    const name = JSON.stringify(`${flags.string('owner')}/${flags.string('repository')}`);
    repository = await provider.create(settings).catch((error: unknown) => {
      throw new Error(`failed to create new Git repository ${name}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    });
    terminal.success(`repository ${JSON.stringify(repository.title)} created`);
  } else if (flags.bool('reconcile') && (await provider.update(settings))) {
    terminal.success(`repository ${JSON.stringify(repository.title)} reconciled`);
  }
  const teams = flags.list(server.teamFlag);
  if (teams.length > 0) {
    terminal.action('reconciling repository permissions');
    for (const each of teams) await grant(provider, each, server.permission, terminal);
    terminal.success('reconciled repository permissions');
  }
  return repository;
}

/** `--team=name` or `--team=name:permission`. */
async function grant(provider: GitProvider, text: string, standard: string, terminal: Terminal): Promise<void> {
  const [team = text, permission = standard] = text.split(':');
  try {
    if (await provider.grant(team, permission))
      terminal.success(`granted ${JSON.stringify(permission)} permissions to ${JSON.stringify(team)}`);
  } catch (error) {
    terminal.failure(
      `failed to grant ${JSON.stringify(permission)} permissions to ${JSON.stringify(team)}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function accessOf(
  provider: GitProvider,
  server: Server,
  repository: HostedRepository,
  givenKeys: SshKeyPair | undefined,
  options: BootstrapOptions,
  { flags, terminal }: Invocation,
  signal: AbortSignal,
): BootstrapAccess {
  const name = { name: options.secretName, namespace: options.install.namespace };
  const ca = options.ca === '' ? {} : { ca: options.ca };
  const url = { url: repository.httpsUrl, credentials: { ...provider.login, ...ca } };
  const title = [options.install.namespace, options.branch, options.install.namespace, options.path].join('-');
  if (flags.bool('token-auth')) {
    const secret = gitSecret(name, { username: server.syncUsername(flags), password: provider.login.password, ...ca });
    return { ...url, syncUrl: repository.httpsUrl, secret: () => Promise.resolve(secret) };
  }
  if (flags.has('deploy-token-auth') && flags.bool('deploy-token-auth')) {
    return {
      ...url,
      syncUrl: repository.httpsUrl,
      secret: async (existing) => {
        terminal.action('checking to reconcile deploy token for source secret');
        const token = await provider.deployToken?.(title);
        if (token !== undefined) {
          terminal.success(`configured deploy token ${JSON.stringify(title)} for ${JSON.stringify(repository.title)}`);
          return gitSecret(name, { ...token, ...ca });
        }
        if (existing?.has('password') !== true)
          throw new Error(
            `there is a deploy token ${JSON.stringify(title)} already, and it is shown only once: revoke it at the server and try again`,
          );
        terminal.success('reconciled deploy token for source secret');
        return undefined;
      },
    };
  }
  const sync = withHost(repository.sshUrl, flags.string('ssh-hostname'));
  const register = async (publicKey: string): Promise<void> => {
    terminal.success(`public key: ${publicKey.trim()}`);
    if (await provider.deployKey({ title, publicKey, isReadOnly: !flags.bool('read-write-key') }))
      terminal.success(`configured deploy key ${JSON.stringify(title)} for ${JSON.stringify(repository.title)}`);
  };
  return {
    ...url,
    syncUrl: sync.href,
    secret: async (existing) => {
      const known = existing?.get('identity.pub');
      if (givenKeys === undefined && known !== undefined && existing?.has('identity') === true) {
        // An earlier run may have ended before the server knew the key, and people delete keys there.
        await register(known);
        return undefined;
      }
      terminal.action('generating source secret');
      const keyPair = givenKeys ?? generateSshKeys(flags);
      const knownHosts = await scanHostKeys(sync.host, signal);
      await register(keyPair.publicKey);
      return gitSecret(name, { keyPair, knownHosts });
    },
  };
}

function withHost(address: string, host: string): URL {
  return new URL(host === '' ? address : address.replace(/^(ssh:\/\/[^/@]*@)[^/]*/, `$1${host}`));
}
