import type { PrivateKey, PublicKey } from 'openpgp';
import { sopsError } from '../error.js';
import type { KeySealer, KeySource } from './key-source.js';

/** The private OpenPGP keys of an armoured text. */
export function pgpKeys(armored: string, origin: string): KeySource {
  let parsed: Promise<PrivateKey[]> | undefined;
  return {
    origin,
    kind: 'pgp',
    async open(key) {
      if (key.type !== 'pgp') return undefined;
      const { decrypt, readMessage } = await import('openpgp');
      const keys = await (parsed ??= privateKeys(armored, origin));
      const message = await readMessage({ armoredMessage: key.enc });
      const wanted = message.getEncryptionKeyIDs();
      const decryptionKeys = keys.filter((candidate) => wanted.some((id) => /^0+$/.test(id.toHex()) || candidate.getKeys(id).length > 0));
      if (decryptionKeys.length === 0) return undefined;
      if (decryptionKeys.every((candidate) => !candidate.isDecrypted()))
        throw new Error(`${origin}: the private OpenPGP key is protected by a pass phrase`);
      const { data } = await decrypt({ message, decryptionKeys, format: 'binary' });
      return data as Uint8Array;
    },
  };
}

async function privateKeys(armored: string, origin: string): Promise<PrivateKey[]> {
  const { readPrivateKeys } = await import('openpgp');
  try {
    return await readPrivateKeys({ armoredKeys: armored });
  } catch (error) {
    throw sopsError(
      'SopsKeyInvalid',
      `${origin}: there is no private OpenPGP key in it: export it with gpg --export-secret-keys --armor`,
      error,
    );
  }
}

/** Encrypts for the OpenPGP keys of an armoured text, public or private ones, which are chosen by their fingerprint. */
export function pgpSealer(armored: string): KeySealer {
  let parsed: Promise<PublicKey[]> | undefined;
  return {
    async seal(key, secret) {
      if (key.type !== 'pgp') return undefined;
      const { createMessage, encrypt, readKeys } = await import('openpgp');
      const keys = await (parsed ??= readKeys({ armoredKeys: armored }));
      const fingerprint = key.fingerprint.replaceAll(' ', '').toLowerCase();
      const found = keys.find((candidate) => candidate.getKeys().some((part) => part.getFingerprint().endsWith(fingerprint)));
      if (found === undefined) return undefined;
      const message = await createMessage({ binary: secret });
      return (await encrypt({ message, encryptionKeys: found.toPublic(), format: 'armored' })) as string;
    },
  };
}
