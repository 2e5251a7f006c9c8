import { SluiceError, isJsonObject } from '@sluice/core';
import type { OciCall, OciClient } from './client.js';
import { gatherBlob } from './gather.js';
import type { OciDescriptor } from './manifest.js';

/** A signature as cosign 3 stores it: a bundle that holds all it takes to check it. */
interface BundleSignature {
  readonly format: 'bundle';
  readonly bundle: unknown;
}

/** A signature as cosign 2 stores it: over a small JSON text that names the digest; the rest is in annotations. */
interface SimpleSignature {
  readonly format: 'simple';
  readonly payload: Buffer;
  readonly signature: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
}

export type CosignSignature = BundleSignature | SimpleSignature;

export type SignatureReader = Pick<OciClient, 'manifest' | 'blob' | 'referrers' | 'name'>;

const payloadType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const bundleType = 'application/vnd.dev.sigstore.bundle';
const signatureAnnotation = 'dev.cosignproject.cosign/signature';
const maxPayloadBytes = 1024 * 1024;
const maxBundleBytes = 4 * 1024 * 1024;
const maxSignatures = 100;

/** The signatures of a manifest: bundles among its referrers, then the layers of the tag `sha256-….sig`. */
export async function* cosignSignatures(client: SignatureReader, digest: string, call: OciCall): AsyncGenerator<CosignSignature> {
  const referrers = await client.referrers(digest, call);
  const bundles = referrers.filter(({ artifactType = '' }) => artifactType.startsWith(bundleType)).slice(0, maxSignatures);
  for (const referrer of bundles) {
    const { layers } = await client.manifest(referrer.digest, call);
    const [layer] = layers;
    if (layer === undefined || layer.size > maxBundleBytes) continue;
    const text = (await gatherBlob(client, layer, maxBundleBytes, call)).toString('utf8');
    try {
      yield { format: 'bundle', bundle: JSON.parse(text) };
    } catch {
      // Not a signature, whatever it is.
    }
  }
  for (const layer of (await simpleLayers(client, digest, call)).slice(0, maxSignatures)) {
    const annotations = layer.annotations ?? {};
    const signature = Buffer.from(annotations[signatureAnnotation] ?? '', 'base64');
    if (signature.length === 0 || layer.size > maxPayloadBytes) continue;
    yield { format: 'simple', payload: await gatherBlob(client, layer, maxPayloadBytes, call), signature, annotations };
  }
}

async function simpleLayers(client: SignatureReader, digest: string, call: OciCall): Promise<readonly OciDescriptor[]> {
  try {
    const { layers } = await client.manifest(`${digest.replace(':', '-')}.sig`, call);
    return layers.filter(({ mediaType }) => mediaType === payloadType);
  } catch (error) {
    if (error instanceof SluiceError && error.reason === 'SourceNotFound') return [];
    throw error;
  }
}

/** Which digest a payload of {@link SimpleSignature} is about. */
export function signedDigest(payload: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    const critical = isJsonObject(value) ? value.critical : undefined;
    const image = isJsonObject(critical) ? critical.image : undefined;
    return isJsonObject(image) ? image['docker-manifest-digest'] : undefined;
  } catch {
    return undefined;
  }
}
