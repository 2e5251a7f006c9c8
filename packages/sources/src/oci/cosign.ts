import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { SluiceError, errorMessage, isJsonObject } from '@sluice/core';
import type { OciCall, OciClient } from './client.js';
import type { OciDescriptor } from './manifest.js';

const payloadType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const signatureAnnotation = 'dev.cosignproject.cosign/signature';
const maxPayloadBytes = 1024 * 1024;
const maxSignatures = 100;

/**
 * Checks that a manifest was signed by one of some keys with `cosign sign --key`. The signatures of `sha256:abc…` are the
 * layers of the tag `sha256-abc….sig`; what is signed is a small JSON text that names the digest.
 *
 * `keys` are public keys in PEM by the names of their files (`cosign.pub`). Returns the name of the key that fits.
 */
export async function verifyCosign(
  client: Pick<OciClient, 'manifest' | 'blob'>,
  digest: string,
  keys: Readonly<Record<string, string>>,
  call: OciCall = {},
): Promise<string> {
  const trusted = Object.entries(keys).map(([name, pem]) => ({ name, key: readKey(name, pem) }));
  if (trusted.length === 0)
    throw new SluiceError('SourceSettingsInvalid', 'no public keys to verify signatures with: put one under a name that ends in .pub');
  const unsigned = (why: string, cause?: unknown): SluiceError =>
    new SluiceError('SignatureInvalid', `no matching signatures were found for '${digest}': ${why}`, { cause });
  let layers: readonly OciDescriptor[];
  try {
    ({ layers } = await client.manifest(`${digest.replace(':', '-')}.sig`, call));
  } catch (error) {
    if (error instanceof SluiceError && error.reason === 'SourceNotFound') throw unsigned('it is not signed', error);
    throw error;
  }
  let why = 'no signature is by one of the trusted keys';
  for (const layer of layers.filter(({ mediaType }) => mediaType === payloadType).slice(0, maxSignatures)) {
    const signature = Buffer.from(layer.annotations?.[signatureAnnotation] ?? '', 'base64');
    if (signature.length === 0 || layer.size > maxPayloadBytes) continue;
    const chunks: Uint8Array[] = [];
    for await (const chunk of client.blob(layer, call)) chunks.push(chunk);
    const payload = Buffer.concat(chunks);
    const signer = trusted.find(({ key }) => isSignedBy(key, payload, signature));
    if (signer === undefined) continue;
    // A good signature of another image must not pass for one of this.
    if (signedDigest(payload) === digest) return signer.name;
    why = `the signature by ${signer.name} is of something else`;
  }
  throw unsigned(why);
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

function signedDigest(payload: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    const critical = isJsonObject(value) ? value.critical : undefined;
    const image = isJsonObject(critical) ? critical.image : undefined;
    return isJsonObject(image) ? image['docker-manifest-digest'] : undefined;
  } catch {
    return undefined;
  }
}
