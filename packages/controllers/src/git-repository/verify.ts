import { errorMessage } from '@sluice/core';
import type { GitRepository } from '@sluice/api';
import { trustedKeysFromSecret, verifySignature, type GitCheckout, type TrustedKeys } from '@sluice/sources';
import { SourceFailure } from '../source/failure.js';
import type { Secrets } from '../source/secrets.js';

/** What has to be signed, as the status remembers it; undefined when nothing has to. */
export function verificationMode({ spec }: GitRepository): 'HEAD' | 'Tag' | 'TagAndHEAD' | undefined {
  if (spec.verify === undefined) return undefined;
  const { mode = 'HEAD' } = spec.verify;
  return mode === 'head' ? 'HEAD' : mode;
}

/** Checks the signatures that `spec.verify` asks for. Returns what was verified, by which keys; throws when anything is not signed by a trusted key. */
export async function verifyCheckout(
  repository: GitRepository,
  { commit, tag }: GitCheckout,
  secrets: Secrets,
): Promise<string | undefined> {
  const mode = verificationMode(repository);
  if (mode === undefined) return undefined;
  const keys = await trustedKeys(repository.spec.verify?.secretRef.name ?? '', secrets);
  const verified: string[] = [];
  if (mode !== 'HEAD') {
    if (repository.spec.ref?.tag === undefined && repository.spec.ref?.semver === undefined) {
      const message = "cannot verify tag object's signature if a tag reference is not specified";
      throw new SourceFailure('SourceVerified', 'InvalidVerificationMode', message, { terminal: true });
    }
    const { name = '', signature, signed } = tag ?? {};
    if (signature === undefined || signed === undefined) {
      throw unverified('InvalidGitObject', `cannot verify signature of tag '${name}' since it is not signed`);
    }
    const key = await verifySignature({ ...commit, ...tag, signature, signed }, 'tag', keys).catch((error: unknown) => {
      throw unverified('InvalidTagSignature', `signature verification of tag '${name}' failed: ${errorMessage(error)}`, error);
    });
    verified.push(`tag '${name}' with key '${key}'`);
  }
  if (mode !== 'Tag') {
    const key = await verifySignature(commit, 'commit', keys).catch((error: unknown) => {
      throw unverified('InvalidCommitSignature', `signature verification of commit '${commit.hash}' failed: ${errorMessage(error)}`, error);
    });
    verified.push(`commit '${commit.hash}' with key '${key}'`);
  }
  return `verified signature of${verified.map((what) => `\n\t- ${what}`).join('')}`;
}

async function trustedKeys(name: string, secrets: Secrets): Promise<TrustedKeys> {
  try {
    return trustedKeysFromSecret((await secrets.get(name)).data);
  } catch (error) {
    throw unverified('VerificationError', `public keys secret error: ${errorMessage(error)}`, error);
  }
}

function unverified(reason: string, message: string, cause?: unknown): SourceFailure {
  return new SourceFailure('SourceVerified', reason, message, { cause });
}
