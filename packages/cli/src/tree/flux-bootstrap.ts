import type { CommandSpec, FlagSpec } from '../command-line/index.js';
import { installFlags } from './install-flags.js';
import { oneOf, sshKeyFlags } from './key-flags.js';

type ServerName = Parameters<(typeof import('../commands/bootstrap-provider.js'))['bootstrapWith']>[0];

const text = (name: string, usage: string, more: Partial<FlagSpec> = {}): FlagSpec => ({ name, type: 'string', usage, ...more });
const bool = (name: string, usage: string, more: Partial<FlagSpec> = {}): FlagSpec => ({ name, type: 'bool', usage, ...more });
const list = (name: string, usage: string): FlagSpec => ({ name, type: 'strings', usage });

const common: readonly FlagSpec[] = [
  text('author-email', 'author email for Git commits'),
  text('author-name', 'author name for Git commits', { default: 'Flux' }),
  text('branch', 'Git branch', { default: 'main' }),
  text('ca-file', 'path to TLS CA file used for validating self-signed certificates'),
  text('commit-message-appendix', "string to add to the commit messages, e.g. '[ci skip]'"),
  text('gpg-key-id', 'key id for selecting a particular key'),
  text('gpg-key-ring', 'path to GPG key ring for signing commits'),
  text('gpg-passphrase', 'passphrase for decrypting GPG private key'),
  ...installFlags({
    images: 'controller',
    pods: 'controller',
    networkPolicy: 'setup Kubernetes network policies to deny ingress access to the Flux controllers from other namespaces',
    watched: 'Flux controllers are',
  }),
  text('private-key-file', 'path to a private key file used for authenticating to the Git SSH server'),
  bool(
    'recurse-submodules',
    'when enabled, configures the GitRepository source to initialize and include Git submodules in the artifact it produces',
  ),
  text('secret-name', 'name of the secret the sync credentials can be found in or stored to', { default: 'flux-system' }),
  list(
    'sparse-checkout',
    'list of directories to be included in the GitRepository sparse checkout, the configured --path must be one of them, accepts comma-separated values',
  ),
  list('ssh-hostkey-algos', 'list of host key algorithms to be used by the CLI for SSH connections'),
  text('ssh-hostname', 'SSH hostname, to be used when the SSH host differs from the HTTPS one'),
  ...sshKeyFlags,
  text('ssh-signing-key-file', 'path to an SSH private key file used for signing commits'),
  text('ssh-signing-passphrase', 'alias for --ssh-signing-password', { hidden: true }),
  text('ssh-signing-password', 'passphrase for decrypting SSH signing key'),
  bool('ssh-signing-reuse-private-key', 'use the SSH transport key (--private-key-file) to sign commits'),
  bool('token-auth', 'when enabled, the personal access token will be used instead of the SSH deploy key'),
];

const sync: readonly FlagSpec[] = [
  { name: 'interval', type: 'duration', usage: 'sync interval', default: '1m0s' },
  {
    ...text('path', 'path relative to the repository root, when specified the cluster sync will be scoped to this path'),
    typeName: 'safeRelativePath',
  },
];

const readWriteKey = bool('read-write-key', 'if true, the deploy key is configured with read/write permissions');

/** The flags of a server with an API. */
function serverFlags(server: string, group: string, hostname: string): readonly FlagSpec[] {
  return [
    ...sync,
    text('hostname', `${server} hostname`, hostname === '' ? {} : { default: hostname }),
    text('owner', `${server} user or ${group === 'org' ? 'organization' : group === 'project' ? 'project' : 'group'} name`),
    bool('personal', `if true, the owner is assumed to be a ${server} user; otherwise ${group === 'org' ? 'an org' : 'a group'}`),
    readWriteKey,
    bool('reconcile', 'if true, the configured options are also reconciled if the repository already exists'),
    text('repository', `${server} repository name`),
  ];
}

const isPrivate = bool('private', 'if true, the repository is setup or configured as private', { default: 'true' });
const teamUsage =
  'team and the access to be given to it(team:maintain). Defaults to maintainer access if no access level is specified (also accepts comma-separated values)';

function provider(name: ServerName, title: string, example: string, flags: readonly FlagSpec[]): CommandSpec {
  return {
    name,
    short: `Deploy Flux on a cluster connected to a ${title} repository`,
    long: `Finds the repository at the server, or makes it; commits the manifests of the controllers to it and installs them; gives
the cluster a deploy key, or the token, to read it with; and waits until the cluster is what the repository says.
It can be run again at any time: to go on after it was interrupted, to change an option, to upgrade.`,
    example,
    flags,
    load: async () => {
      const { bootstrapWith } = await import('../commands/bootstrap-provider.js');
      return { run: (invocation) => bootstrapWith(name, invocation) };
    },
  };
}

/** `bootstrap …`. */
export const bootstrapCommand: CommandSpec = {
  name: 'bootstrap',
  short: 'Deploy Flux on a cluster the GitOps way.',
  long: `The bootstrap sub-commands put the controllers into a cluster by way of a Git repository, from which they keep
themselves, and everything else that is put there, up to date.`,
  persistentFlags: common,
  commands: [
    provider(
      'bitbucket-server',
      'Bitbucket Server',
      `  # With a token of Bitbucket in the environment
  export BITBUCKET_TOKEN=<my-token>

  # A private repository of a project, read with the token
  flux bootstrap bitbucket-server --owner=<project> --username=<user> --repository=<repository name> \\
    --hostname=<domain> --token-auth --path=clusters/my-cluster

  # The same, read with a deploy key
  flux bootstrap bitbucket-server --owner=<project> --username=<user> --repository=<repository name> \\
    --hostname=<domain> --path=clusters/my-cluster`,
      [
        ...serverFlags('Bitbucket Server', 'project', ''),
        isPrivate,
        list('group', 'Bitbucket Server groups to be given write access (also accepts comma-separated values)'),
        text('username', 'authentication username', { shorthand: 'u', default: 'git' }),
      ],
    ),
    {
      name: 'git',
      short: 'Deploy Flux on a cluster connected to a Git repository',
      long: `Commits the manifests of the controllers to a branch of a repository and installs them; gives the cluster a key, or the
password, to read it with; and waits until the cluster is what the repository says. It can be run again at any time.`,
      example: `  # With the keys of an SSH agent; the public key that is shown must be given access
  flux bootstrap git --url=ssh://git@example.com/repository.git --path=clusters/my-cluster

  # With a private key
  flux bootstrap git --url=ssh://git@example.com/repository.git --private-key-file=<path/to/private.key> --path=clusters/my-cluster

  # With a password, which the cluster uses, too
  GIT_PASSWORD=<password> flux bootstrap git --url=https://example.com/repository.git --token-auth --path=clusters/my-cluster

  # Azure DevOps
  flux bootstrap git --url=ssh://git@ssh.dev.azure.com/v3/<org>/<project>/<repository> \\
    --private-key-file=<path/to/rsa.key> --ssh-hostkey-algos=rsa-sha2-512,rsa-sha2-256 --path=clusters/my-cluster`,
      flags: [
        ...sync,
        bool('allow-insecure-http', 'allows insecure HTTP connections'),
        text('password', 'basic authentication password', { shorthand: 'p' }),
        // Of guides for other servers; only people can do it here.
        { ...readWriteKey, hidden: true },
        bool('silent', 'assumes the deploy key is already setup, skips confirmation', { shorthand: 's' }),
        text('url', 'Git repository URL'),
        text('username', 'basic authentication username', { shorthand: 'u', default: 'git' }),
        bool('with-bearer-token', 'use password as bearer token for Authorization header'),
      ],
      load: () => import('../commands/bootstrap-git.js'),
    },
    provider(
      'gitea',
      'Gitea',
      `  # With a token of Gitea in the environment
  export GITEA_TOKEN=<my-token>

  # A private repository of an organization
  flux bootstrap gitea --owner=<organization> --repository=<repository name> --path=clusters/my-cluster

  # A public one of a user, on a server of one's own
  flux bootstrap gitea --owner=<user> --repository=<repository name> --private=false --personal \\
    --hostname=<domain> --ssh-hostname=<domain>:<port> --path=clusters/my-cluster`,
      [...serverFlags('Gitea', 'org', 'gitea.com'), isPrivate, list('team', `Gitea ${teamUsage}`)],
    ),
    provider(
      'github',
      'GitHub',
      `  # With a token of GitHub in the environment
  export GITHUB_TOKEN=<my-token>

  # A private repository of an organization
  flux bootstrap github --owner=<organization> --repository=<repository name> --path=clusters/my-cluster

  # With teams that are let in
  flux bootstrap github --owner=<organization> --repository=<repository name> --team=<team1 slug> --team=<team2 slug>:admin \\
    --path=clusters/my-cluster

  # A public one of a user
  flux bootstrap github --owner=<user> --repository=<repository name> --private=false --personal --path=clusters/my-cluster

  # On GitHub Enterprise, read with the token
  flux bootstrap github --owner=<organization> --repository=<repository name> --hostname=<domain> --token-auth --path=clusters/my-cluster`,
      [...serverFlags('GitHub', 'org', 'github.com'), isPrivate, list('team', `GitHub ${teamUsage}`)],
    ),
    provider(
      'gitlab',
      'GitLab',
      `  # With a token of GitLab in the environment
  export GITLAB_TOKEN=<my-token>

  # A private repository of a group, read with a deploy key
  flux bootstrap gitlab --owner=<group> --repository=<repository name> --path=clusters/my-cluster

  # Of a sub-group, on a server of one's own, with a key of yours
  flux bootstrap gitlab --owner=<group>/<sub-group> --repository=<repository name> --hostname=<domain> --ssh-hostname=<domain> \\
    --private-key-file=<path/to/private.key> --path=clusters/my-cluster

  # Read with a deploy token
  flux bootstrap gitlab --owner=<group> --repository=<repository name> --deploy-token-auth`,
      [
        ...serverFlags('GitLab', 'group', 'gitlab.com'),
        { ...isPrivate, hidden: true, deprecated: 'use --visibility instead' },
        list('team', 'GitLab teams to be given maintainer access (also accepts comma-separated values)'),
        bool('deploy-token-auth', 'when enabled, a Project Deploy Token is generated and will be used instead of the SSH deploy token'),
        oneOf('visibility', 'specifies the visibility of the repository', 'visibility', ['internal', 'private', 'public'], 'private'),
      ],
    ),
  ],
};
