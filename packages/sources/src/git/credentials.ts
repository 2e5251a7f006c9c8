import { createPrivateKey } from 'node:crypto';
import { SluiceError, errorMessage } from '@sluice/core';
import type { GitUrl } from './url.js';

/** How to authenticate to a Git server. */
export interface GitCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly bearerToken?: string;
  /** A private SSH key, in PEM or OpenSSH format; `password` is its passphrase. */
  readonly identity?: string;
  /** The socket of an SSH agent that has the keys, in the place of {@link identity}. */
  readonly agent?: string;
  /** The lines of a known_hosts file. SSH servers that are not in it are refused. */
  readonly knownHosts?: string;
  /** The algorithms of a server's SSH key to accept, the preferred first. */
  readonly hostKeyAlgorithms?: readonly string[];
  /** Certificate authorities in PEM, trusted beside the public ones. */
  readonly ca?: string;
  /** A client certificate and its key, in PEM. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /**
   * Whose they are, where they are made anew from time to time (the tokens of an App): what is the same holder's shares a
   * mirror and listings, whatever the password is by now.
   */
  readonly holder?: string;
}

/**
 * The credentials in a Secret, by Flux's keys: `username` and `password`, `bearerToken`, `identity` and `known_hosts`,
 * `ca.crt` (or `caFile`), `tls.crt` and `tls.key`. Without a Secret, those of the address.
 */
export function credentialsFromSecret(url: GitUrl, data: Readonly<Record<string, Uint8Array>> = {}): GitCredentials {
  const text = (key: string): string => (Object.hasOwn(data, key) ? Buffer.from(data[key] ?? []).toString('utf8') : '');
  const ca = text('ca.crt') || text('caFile');
  const credentials: GitCredentials =
    url.protocol === 'ssh'
      ? pruned({ identity: text('identity'), knownHosts: text('known_hosts'), password: text('password') })
      : pruned({
          ...(Object.hasOwn(data, 'bearerToken')
            ? { bearerToken: text('bearerToken') }
            : { username: text('username') || (url.username ?? ''), password: text('password') || (url.password ?? '') }),
          ca,
          clientCertificate: text('tls.crt'),
          clientKey: text('tls.key'),
        });
  checkCredentials(url, credentials);
  return credentials;
}

/** Says what credentials lack for an address. The texts are Flux's. */
export function checkCredentials(url: GitUrl, credentials: GitCredentials): void {
  const lacking = (what: string): SluiceError => new SluiceError('GitCredentialsInvalid', `invalid '${url.protocol}' auth option: ${what}`);
  if (url.protocol === 'ssh') {
    if (credentials.identity === undefined && credentials.agent === undefined) throw lacking("'identity' is required");
    if (credentials.knownHosts === undefined) throw lacking("'known_hosts' is required");
    return;
  }
  if (credentials.username === undefined && credentials.password !== undefined) {
    throw lacking("'password' requires 'username' to be set");
  }
  for (const [name, value] of [
    ['username', credentials.username],
    ['password', credentials.password],
    ['bearerToken', credentials.bearerToken],
  ] as const) {
    // They travel line by line, where a line break would start another setting.
    // oxlint-disable-next-line no-control-regex -- these are what is looked for
    if (value !== undefined && /[\u0000\n\r]/.test(value))
      throw lacking(`'${name}' contains a line break: was the Secret made with a trailing newline?`);
  }
  if ((credentials.clientCertificate === undefined) !== (credentials.clientKey === undefined)) {
    throw lacking("'tls.crt' and 'tls.key' are only of use together");
  }
}

/** Whether a private key needs a passphrase that was not given. */
export function needsPassphrase(credentials: GitCredentials): boolean {
  const { identity, password } = credentials;
  if (identity === undefined || password !== undefined) return false;
  if (identity.includes('OPENSSH PRIVATE KEY')) {
    // The cipher's name follows the magic in OpenSSH's own format; "none" is an open key.
    const body = Buffer.from(identity.replace(/-----[^-]+-----/g, ''), 'base64');
    const length = body.length > 19 ? body.readUInt32BE(15) : 0;
    return length > 0 && body.subarray(19, 19 + length).toString('latin1') !== 'none';
  }
  try {
    createPrivateKey(identity);
    return false;
  } catch (error) {
    return /passphrase|encrypted|interrupted or cancelled/i.test(errorMessage(error)) || identity.includes('ENCRYPTED');
  }
}

/** Every text of credentials that no message may show. */
export function secretsOf(credentials: GitCredentials): string[] {
  return [credentials.password, credentials.bearerToken, credentials.identity, credentials.clientKey].filter((text) => text !== undefined);
}

function pruned(values: Readonly<Partial<Record<Exclude<keyof GitCredentials, 'hostKeyAlgorithms'>, string>>>): GitCredentials {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}
