import { SluiceError, errorMessage } from '@sluice/core';
import { compareVersions, matchingVersions, parseConstraint, parseVersion, type Constraint } from '@sluice/semver';
import { commitOf, type RefListing } from './listing.js';

const tagPrefix = 'refs/tags/';

/**
 * The tag with the newest version in a range. Versions that differ only by build metadata are equal: of their tags the
 * one whose commit is the youngest is taken, and `timesOf` tells when commits were made.
 */
export async function resolveSemver(
  range: string,
  refs: RefListing,
  timesOf: (objectsByRef: ReadonlyMap<string, string>) => Promise<ReadonlyMap<string, number>>,
): Promise<string> {
  const tags = [...refs.keys()]
    .filter((ref) => ref.startsWith(tagPrefix) && !ref.endsWith('^{}'))
    .map((ref) => ref.slice(tagPrefix.length));
  const matches = matchingVersions(constraintOf(range), tags);
  const [newest] = matches;
  if (newest === undefined) throw new SluiceError('GitReferenceMissing', `no match found for semver: ${range}`);
  const equal = matches.filter((tag) => compareVersions(parseVersion(tag), parseVersion(newest)) === 0);
  const commits = new Set(equal.map((tag) => commitOf(refs, tagPrefix + tag)));
  if (commits.size === 1) return tagPrefix + newest;
  const times = await timesOf(new Map(equal.map((tag) => [tagPrefix + tag, refs.get(tagPrefix + tag) ?? ''])));
  return [...times].reduce((youngest, each) => (each[1] > youngest[1] ? each : youngest))[0];
}

function constraintOf(range: string): Constraint {
  try {
    return parseConstraint(range);
  } catch (error) {
    throw new SluiceError('GitReferenceInvalid', `semver parse error: ${errorMessage(error)}`, { cause: error });
  }
}
