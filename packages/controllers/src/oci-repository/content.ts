import { errorMessage, SluiceError } from '@sluice/core';
import type { OCIRepository } from '@sluice/api';
import type { OciClient, PulledArtifact, ResolvedOci } from '@sluice/sources';
import { SourceFailure } from '../source/failure.js';
import type { Secrets } from '../source/secrets.js';
import { signatureCheck, verifierName } from '../source/signature.js';

/** What the tag, range or digest that an OCIRepository follows is now. */
export async function resolveRevision({ spec }: OCIRepository, client: OciClient, signal: AbortSignal): Promise<ResolvedOci> {
  const { digest, semver, semverFilter, tag } = spec.ref ?? {};
  const selector = {
    ...(digest !== undefined && { digest }),
    ...(semver !== undefined && { semver }),
    ...(semverFilter !== undefined && { semverFilter }),
    ...(tag !== undefined && { tag }),
  };
  const layerMediaType = spec.layerSelector?.mediaType;
  let found;
  try {
    found = await client.tagOf(selector, { signal, layerMediaType });
  } catch (error) {
    signal.throwIfAborted();
    const message = `failed to determine the artifact tag for '${spec.url}': ${errorMessage(error)}`;
    throw new SourceFailure('FetchFailed', 'ReadOperationFailed', message, { cause: error });
  }
  try {
    return await client.resolve(found === undefined ? selector : { tag: found }, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const message = `failed to determine artifact digest: ${errorMessage(error)}`;
    throw new SourceFailure('FetchFailed', 'OCIArtifactPullFailed', message, { cause: error });
  }
}

/** Checks the signature that an OCIRepository asks for; where it asks for none, there is nothing to check. */
export async function verifySignature(
  { spec }: OCIRepository,
  client: OciClient,
  digest: string,
  secrets: Secrets,
  signal: AbortSignal,
): Promise<'trusted' | 'skipped'> {
  if (spec.verify === undefined) return 'skipped';
  try {
    const check = await signatureCheck(spec.verify, secrets);
    return await check(client, digest, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const message = `failed to verify the signature using provider '${verifierName(spec.verify)}': ${errorMessage(error)}`;
    throw new SourceFailure('SourceVerified', 'VerificationError', message, { cause: error });
  }
}

/** The manifest, and the layer of it that is wanted. */
export async function pullArtifact(
  { spec }: OCIRepository,
  client: OciClient,
  { digest }: ResolvedOci,
  signal: AbortSignal,
): Promise<PulledArtifact> {
  const layerMediaType = spec.layerSelector?.mediaType ?? '';
  try {
    return await client.pull(digest, { signal, layerMediaType });
  } catch (error) {
    signal.throwIfAborted();
    // The manifest came, and has not the layer that is wanted.
    if (error instanceof SluiceError && / layer.* in artifact$/.test(error.message)) throw layerFailed('', error);
    const message = `failed to pull artifact from '${spec.url}': ${errorMessage(error)}`;
    throw new SourceFailure('FetchFailed', 'OCIArtifactPullFailed', message, { cause: error });
  }
}

export function layerFailed(what: string, error: unknown): SourceFailure {
  return new SourceFailure('FetchFailed', 'OCIArtifactLayerOperationFailed', `${what}${errorMessage(error)}`, { cause: error });
}
