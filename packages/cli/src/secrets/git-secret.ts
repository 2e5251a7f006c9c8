import { secretOf, type PlainSecret, type SecretName } from './secret.js';
import type { SshKeyPair } from './ssh-keys.js';

/** How to log in to a Git server. */
export interface GitLogin {
  readonly username?: string;
  readonly password?: string;
  readonly bearerToken?: string;
  readonly ca?: string;
  /** For SSH; `password` is the passphrase of the private key. */
  readonly keyPair?: SshKeyPair;
  readonly knownHosts?: string;
}

/** A Secret for GitRepositories, by the keys that their controller looks for. */
export function gitSecret(name: SecretName, login: GitLogin): PlainSecret {
  const { username, password, keyPair } = login;
  const isBasic = keyPair === undefined && username !== undefined && password !== undefined;
  return secretOf(name, {
    username: isBasic ? username : undefined,
    password: isBasic || keyPair !== undefined ? password : undefined,
    bearerToken: login.bearerToken,
    'ca.crt': login.ca,
    identity: keyPair?.privateKey,
    'identity.pub': keyPair?.publicKey,
    known_hosts: login.knownHosts,
  });
}
