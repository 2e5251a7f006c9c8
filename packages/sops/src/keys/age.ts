import type { Random } from '../cipher.js';
import { sopsError } from '../error.js';
import { openAgeFile, unarmored, type AgeIdentity } from './age-file.js';
import { ageIdentity } from './age-identity.js';
import type { KeySealer, KeySource } from './key-source.js';
import { parseSshPrivateKey } from './ssh-format.js';
import { unwrapWithSshKey, wrapForSshKey } from './ssh.js';

/**
 * The age identities of a text, one a line: `AGE-SECRET-KEY-1…`, post-quantum `AGE-SECRET-KEY-PQ-1…`; or one private SSH
 * key. Lines that are empty or begin with `#` say nothing.
 */
export function ageKeys(text: string, origin: string): KeySource {
  const { own, others } = identitiesIn(text, origin);
  return {
    origin,
    kind: 'age',
    async open(key) {
      if (key.type !== 'age') return undefined;
      try {
        return openAgeFile(unarmored(key.enc), own) ?? (others.length === 0 ? undefined : await openWithLibrary(key.enc, others));
      } catch (error) {
        throw new Error('the data key that is encrypted with age does not decrypt: it was changed', { cause: error });
      }
    },
  };
}

/** Post-quantum identities. */
async function openWithLibrary(armored: string, identities: readonly string[]): Promise<Uint8Array | undefined> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return await decrypter.decrypt(unarmored(armored));
  } catch (error) {
    if (error instanceof Error && /no identity matched/i.test(error.message)) return undefined;
    throw error;
  }
}

interface Identities {
  readonly own: readonly AgeIdentity[];
  /** Those that are for the library. */
  readonly others: readonly string[];
}

function identitiesIn(text: string, origin: string): Identities {
  if (text.includes('PRIVATE KEY-----')) return { own: [sshIdentity(text, origin)], others: [] };
  const all = identitiesOf(text, origin).map((identity) => ageIdentity(identity) ?? identity);
  return {
    own: all.filter((identity) => typeof identity !== 'string'),
    others: all.filter((identity) => typeof identity === 'string'),
  };
}

function identitiesOf(text: string, origin: string): string[] {
  const lines = text.split('\n').flatMap((line, index) => (/^\s*(?:#|$)/.test(line) ? [] : [{ line: line.trim(), number: index + 1 }]));
  for (const { line, number } of lines) {
    if (/^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/.test(line)) continue;
    throw sopsError('SopsKeyInvalid', `${origin}: line ${number} is no age identity: it must begin with AGE-SECRET-KEY-`);
  }
  if (lines.length === 0) throw sopsError('SopsKeyInvalid', `${origin}: there is no age identity in it`);
  return lines.map(({ line }) => line);
}

function sshIdentity(text: string, origin: string): AgeIdentity {
  const key = parseSshPrivateKey(text, origin);
  return { unwrapFileKey: (stanzas) => unwrapWithSshKey(key, stanzas) };
}

/** Encrypts for age recipients: `age1…`, post-quantum `age1pq1…`, or SSH public keys. */
export function ageSealer(random: Random): KeySealer {
  return {
    async seal(key, secret) {
      if (key.type !== 'age') return undefined;
      const { Encrypter, Stanza, armor } = await import('age-encryption');
      const encrypter = new Encrypter();
      const { recipient } = key;
      try {
        if (recipient.startsWith('ssh-')) {
          encrypter.addRecipient({
            wrapFileKey(fileKey) {
              const { args, body } = wrapForSshKey(recipient, fileKey, random);
              return [new Stanza(args, body)];
            },
          });
        } else {
          encrypter.addRecipient(recipient);
        }
        return armor.encode(await encrypter.encrypt(secret));
      } catch (error) {
        throw sopsError('SopsSettingsInvalid', `${recipient} is no age recipient: it must be age1… or an SSH public key`, error);
      }
    },
  };
}

/** A new age identity with the recipient to encrypt for. */
export async function generateAgeKey({ postQuantum = false } = {}): Promise<{ identity: string; recipient: string }> {
  const { generateHybridIdentity, generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await (postQuantum ? generateHybridIdentity() : generateX25519Identity());
  return { identity, recipient: await identityToRecipient(identity) };
}

/** The recipients that the identities of a text stand for. */
export async function ageRecipients(text: string, origin: string): Promise<string[]> {
  const { identityToRecipient } = await import('age-encryption');
  return Promise.all(identitiesOf(text, origin).map((identity) => identityToRecipient(identity)));
}
