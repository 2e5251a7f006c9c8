/** A repository on a server that has an API for repositories. */
export interface HostedRepository {
  /** As messages call it: `https://github.com/org/fleet`. */
  readonly title: string;
  readonly httpsUrl: string;
  readonly sshUrl: string;
}

/** How a repository is set up. */
export interface RepositorySettings {
  readonly visibility: 'private' | 'internal' | 'public';
  readonly branch: string;
}

export interface DeployKey {
  readonly title: string;
  /** A line of an authorized_keys file. */
  readonly publicKey: string;
  readonly isReadOnly: boolean;
}

export interface DeployToken {
  readonly username: string;
  readonly password: string;
}

/** One repository of a Git server, by the API of that server. Each method does nothing where nothing is to be done. */
export interface GitProvider {
  /** The server as messages call it: `github.com`. */
  readonly domain: string;
  /** Undefined when it is not there, or may not be seen. */
  find(): Promise<HostedRepository | undefined>;
  create(settings: RepositorySettings): Promise<HostedRepository>;
  /** Sets an existing repository up. Whether something was changed. */
  update(settings: RepositorySettings): Promise<boolean>;
  /** Lets a team in. Whether that was new. */
  grant(team: string, permission: string): Promise<boolean>;
  /** Makes the key known, in the place of another one of the same title. Whether that was new. */
  deployKey(key: DeployKey): Promise<boolean>;
  /** Makes a token with which the repository may be read; undefined when there is one of that title, which is never shown again. */
  deployToken?(title: string): Promise<DeployToken | undefined>;
  /** User and password for Git over HTTPS. */
  readonly login: { readonly username: string; readonly password: string };
  close(): Promise<void>;
}

/** Which repository of which server. */
export interface ProviderOptions {
  readonly hostname: string;
  readonly owner: string;
  /** With the sub-groups before it, where a server has such: `team/fleet`. */
  readonly repository: string;
  readonly isPersonal: boolean;
  readonly token: string;
  readonly username: string;
  readonly ca: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}
