import { SluiceError } from '@sluice/core';
import type { RefListing } from './listing.js';

/** The tag with the newest version in a range. `timesOf` tells when commits were made, which decides between versions that are equal. */
export async function resolveSemver(
  range: string,
  _refs: RefListing,
  _timesOf: (tags: ReadonlyMap<string, string>) => Promise<ReadonlyMap<string, number>>,
): Promise<string> {
  return await Promise.reject(
    new SluiceError('GitReferenceInvalid', `ref.semver (${range}) is refused: ranges of versions are not understood here`),
  );
}
