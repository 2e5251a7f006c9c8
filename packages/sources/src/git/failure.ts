import { SluiceError, type ErrorReason } from '@sluice/core';
import { quoted } from './url.js';

/** What git's messages mean, and how to say it. The texts after the address are Flux's where Flux has one. */
const meanings: readonly (readonly [pattern: RegExp, reason: ErrorReason, say: (detail: string, match: RegExpExecArray) => string])[] = [
  [
    /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No \S+ host key is known/i,
    'GitHostUnknown',
    (detail) => {
      const key = /fingerprint for the (\S+) key sent by the remote host is\s+(\S+?)\.?\s/.exec(detail);
      const known = /No (\S+) host key is known for (\S+)/.exec(detail);
      return key !== null
        ? `ssh: handshake failed: knownhosts: key mismatch: the server sent the ${key[1]} key ${key[2]}, which is not the one in known_hosts; if its key was changed on purpose, renew known_hosts in the Secret`
        : `ssh: handshake failed: knownhosts: key is unknown${known === null ? '' : `: no ${known[1]} key of ${known[2]} is in known_hosts`}; add the server's key to known_hosts in the Secret`;
    },
  ],
  [
    /Permission denied \(|incorrect passphrase|Load key .*error in libcrypto|Load key .*invalid format/i,
    'GitAuthenticationFailed',
    (detail) =>
      `ssh: handshake failed: ssh: unable to authenticate: ${/incorrect passphrase/i.test(detail) ? 'the passphrase of the identity is wrong' : /Load key/.test(detail) ? 'the identity is not a private key, or its passphrase is wrong' : 'the server does not accept the identity; check that its public key is a deploy key there'}`,
  ],
  [
    /could not read (?:Username|Password)|Authentication failed|HTTP 401|error: 401/i,
    'GitAuthenticationFailed',
    () => 'authentication required: ',
  ],
  [/HTTP 403|error: 403/i, 'GitAuthenticationFailed', () => 'authorization failed: the credentials may not read this repository'],
  [
    /repository '[^']*' not found|does not appear to be a git repository|HTTP 404|error: 404|Repository not found|project you were looking for could not be found/i,
    'GitRepositoryMissing',
    () => 'repository not found: check the address, and that the credentials may see it',
  ],
  [/couldn't find remote ref (\S+)/, 'GitReferenceMissing', (_, match) => `couldn't find remote ref "${match[1] ?? ''}"`],
  [
    /not our ref|unadvertised object|upload-pack: not our ref/i,
    'GitReferenceMissing',
    () => 'the commit is not in the repository, or the server does not give it out',
  ],
  [
    /unable to update url base from redirection|The requested URL returned error: 30\d/i,
    'GitUnreachable',
    () => 'the server redirects elsewhere, where the credentials must not follow: write the final address',
  ],
  [
    /hasDotgit|hasDotdot|hasDot:|fullPathname|emptyName|gitmodules(?:Blob|Large|Name|Parse|Path|Symlink|Update|Url)/i,
    'GitTreeUnsafe',
    (detail) => `the tree is unsafe: ${/error in (?:tree|blob) [0-9a-f]+: (.*)/.exec(detail)?.[1] ?? 'it holds names such as .git'}`,
  ],
  [
    /(?:Could not resolve host(?:name)?|Connection refused|Connection timed out|Couldn't connect|Failed to connect|Could not connect|Operation timed out|SSL|TLS|certificate|Connection reset|Empty reply|Operation too slow|Name or service not known|Network is unreachable|No route to host)/i,
    'GitUnreachable',
    (detail) => lastLine(detail),
  ],
];

/** The error of a Git command that failed, from what it wrote. `action` begins the message as Flux's does: `unable to clone`. */
export function gitFailure(action: string, url: string, stderr: string): SluiceError {
  const prefix = `${action} ${quoted(url)}: `;
  for (const [pattern, reason, say] of meanings) {
    const match = pattern.exec(stderr);
    if (match !== null) return new SluiceError(reason, prefix + say(stderr, match));
  }
  return new SluiceError('GitFailed', prefix + lastLine(stderr));
}

/** Whether a failure is of the local mirror and not of the server: it is then made anew. */
export function isMirrorDamage(stderr: string): boolean {
  return /object file .* is empty|loose object .* is corrupt|bad (?:object|tree|pack)|packfile .* (?:does not match|is invalid|cannot be accessed)|not a git repository|unable to read (?:tree|sha1)|missing (?:blob|tree|commit)|shallow file has changed|Unable to create '[^']*\.lock': File exists|invalid (?:index-pack output|sha1 pointer)|unresolved deltas left/i.test(
    stderr,
  );
}

/** The line that says what went wrong: git's `fatal:` or `error:`, else the last one. */
function lastLine(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^(?:remote: |fatal: |error: )+/, '').trim())
    .filter((line) => line !== '');
  const fatal = /^(?:fatal|error): (.*)$/m.exec(stderr)?.[1];
  return (fatal ?? lines.at(-1) ?? 'git failed without a message').slice(0, 1000);
}
