import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { SluiceError, errorMessage } from '@sluice/core';
import { cosignSignatures, signedDigest, type CosignSignature, type SignatureReader } from './cosign-signatures.js';
import type { OciCall } from './client.js';
import { keyVerifier, keylessVerifier, simpleBundle, type CosignKeylessOptions, type CosignSigner } from './sigstore.js';

/**
 * Checks that a manifest was signed by one of some keys (`cosign sign --key`, of cosign 2 or 3).
 *
 * `keys` are public keys in PEM by the names of their files (`cosign.pub`). Returns the name of the key that fits.
 */
export async function verifyCosign(
  client: SignatureReader,
  digest: string,
  keys: Readonly<Record<string, string>>,
  call: OciCall = {},
): Promise<string> {
  const trusted = Object.entries(keys).map(([name, pem]) => ({ name, key: readKey(name, pem) }));
  if (trusted.length === 0)
    throw new SluiceError('SourceSettingsInvalid', 'no public keys to verify signatures with: put one under a name that ends in .pub');
  return await firstGood(client, digest, call, 'no signature is by one of the trusted keys', async (signature) => {
    if (signature.format === 'simple') {
      const { payload } = signature;
      const signer = trusted.find(({ key }) => isSignedBy(key, payload, signature.signature));
      if (signer !== undefined) checkSubject(payload, digest, signer.name);
      return signer?.name;
    }
    const image = await imageOf(client, digest, call);
    for (const { name, key } of trusted) {
      const verifier = await keyVerifier(key);
      if (accepts(() => verifier(signature.bundle, digest, image))) return name;
    }
    return undefined;
  });
}

/**
 * Checks that a manifest was signed without a key of its own: by a certificate that an authority gave to an identity, with
 * a log's word for it. Returns that identity.
 */
export async function verifyCosignKeyless(
  client: SignatureReader,
  digest: string,
  options: CosignKeylessOptions,
  call: OciCall = {},
): Promise<CosignSigner> {
  const verifier = await keylessVerifier(options);
  return await firstGood(client, digest, call, 'no signature is by one of the identities', async (signature) => {
    if (signature.format === 'bundle') return verifier(signature.bundle, digest, await imageOf(client, digest, call));
    const signer = verifier(simpleBundle(signature), undefined, signature.payload);
    checkSubject(signature.payload, digest, signer.subject);
    return signer;
  });
}

/** What `check` gives for the first signature that it accepts. The last reason for not accepting one is said. */
async function firstGood<T>(
  client: SignatureReader,
  digest: string,
  call: OciCall,
  otherwise: string,
  check: (signature: CosignSignature) => Promise<T | undefined>,
): Promise<T> {
  let why = 'it is not signed';
  for await (const signature of cosignSignatures(client, digest, call)) {
    why = otherwise;
    try {
      const result = await check(signature);
      if (result !== undefined) return result;
    } catch (error) {
      if (!(error instanceof SluiceError) || error.reason !== 'SignatureInvalid') throw error;
      why = error.message;
    }
  }
  throw new SluiceError('SignatureInvalid', `no matching signatures were found for '${client.name}@${digest}': ${why}`);
}

async function imageOf(client: SignatureReader, digest: string, call: OciCall): Promise<Buffer> {
  return (await client.manifest(digest, call)).bytes;
}

function accepts(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof SluiceError && error.reason === 'SignatureInvalid') return false;
    throw error;
  }
}

/** A good signature of another image must not pass for one of this. */
function checkSubject(payload: Buffer, digest: string, signer: string): void {
  if (signedDigest(payload) !== digest) throw new SluiceError('SignatureInvalid', `the signature by ${signer} is of something else`);
}

function readKey(name: string, pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (error) {
    throw new SluiceError('SourceSettingsInvalid', `${name} is not a public key in PEM: ${errorMessage(error)}`, { cause: error });
  }
}

function isSignedBy(key: KeyObject, payload: Buffer, signature: Buffer): boolean {
  try {
    return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', payload, key, signature);
  } catch {
    return false;
  }
}
