import { SluiceError, errorMessage } from '@sluice/core';
import type { GitObject } from './commit.js';
import { verifySshSignature } from './ssh-signature.js';

/** The public keys that are trusted. */
export interface TrustedKeys {
  /** Armoured OpenPGP key rings. */
  readonly openpgp: readonly string[];
  /** Files in the format of authorized_keys. */
  readonly ssh: readonly string[];
}

/** The keys of a Secret: `*.sshpub` for SSH, everything else for OpenPGP (`*.asc` by the documentation). */
export function trustedKeysFromSecret(data: Readonly<Record<string, Uint8Array>>): TrustedKeys {
  const texts = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('utf8')] as const);
  return {
    openpgp: texts.filter(([key]) => !key.endsWith('.sshpub')).map(([, text]) => text),
    ssh: texts.filter(([key]) => key.endsWith('.sshpub')).map(([, text]) => text),
  };
}

/**
 * Checks the signature of a commit or tag. Returns the key it was made with: the id of an OpenPGP key, the fingerprint of
 * an SSH key. Throws `SignatureInvalid`: unsigned, altered, or by nobody who is trusted. The texts are Flux's.
 */
export async function verifySignature(object: GitObject, kind: 'commit' | 'tag', trusted: TrustedKeys): Promise<string> {
  const type = signatureType(object.signature);
  const what = `unable to verify Git ${kind}`;
  if (type === 'openpgp') {
    if (trusted.openpgp.length === 0) throw refuse('PGP signature detected but no PGP public keys found in secret (keys with .asc suffix)');
    return await named(what, () => verifyOpenpgp(object.signature ?? '', object.signed, trusted.openpgp));
  }
  if (type === 'ssh') {
    if (trusted.ssh.length === 0) throw refuse('SSH signature detected but no SSH public keys found in secret (keys with .sshpub suffix)');
    return await named(`${what} SSH signature`, () => verifySshSignature(object.signature ?? '', object.signed, trusted.ssh));
  }
  throw refuse(`unsupported signature type: ${type}`);
}

function refuse(why: string): SluiceError {
  return new SluiceError('SignatureInvalid', why);
}

function signatureType(signature: string | undefined): 'openpgp' | 'ssh' | 'x509' | 'empty' | 'unknown' {
  const text = signature?.trim() ?? '';
  if (text === '') return 'empty';
  if (text.startsWith('-----BEGIN PGP SIGNATURE-----')) return 'openpgp';
  if (text.startsWith('-----BEGIN SSH SIGNATURE-----')) return 'ssh';
  return text.startsWith('-----BEGIN SIGNED MESSAGE-----') ? 'x509' : 'unknown';
}

async function named(what: string, verify: () => string | Promise<string>): Promise<string> {
  try {
    return await verify();
  } catch (error) {
    throw new SluiceError('SignatureInvalid', `${what}: ${errorMessage(error)}`, { cause: error });
  }
}

async function verifyOpenpgp(armored: string, signed: Buffer, rings: readonly string[]): Promise<string> {
  // Loaded on use: most repositories are not verified, and the library takes long to load.
  const openpgp = await import('openpgp');
  // Old keys are no reason to refuse a signature that the user trusts; weak hashes are.
  const config = { rejectPublicKeyAlgorithms: new Set<never>() };
  let unreadable: unknown;
  let wasTried = false;
  for (const ring of rings) {
    try {
      const verificationKeys = await openpgp.readKeys({ armoredKeys: ring });
      wasTried = true;
      const signature = await openpgp.readSignature({ armoredSignature: armored });
      const message = await openpgp.createMessage({ binary: signed });
      const { signatures } = await openpgp.verify({ message, signature, verificationKeys, config, format: 'binary' });
      for (const { keyID, verified } of signatures) {
        if (!(await verified.catch(() => false))) continue;
        const signer = verificationKeys.find((key) => key.getKeys(keyID).length > 0);
        if (signer !== undefined) return signer.getKeyID().toHex().toUpperCase();
      }
    } catch (error) {
      unreadable ??= error;
    }
  }
  if (!wasTried) throw refuse(`unable to read armored key ring: ${errorMessage(unreadable)}`);
  throw refuse('unable to verify payload with any of the given key rings: no matching key');
}
