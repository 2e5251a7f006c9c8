import { parseConstraint, type Constraint } from './constraint.js';
import { compareVersions, tryParseVersion, type Version } from './version.js';

/**
 * The entries of a list (the tags of a repository, say) that are versions and satisfy a constraint, newest first.
 * As in Flux an entry needs three segments: `v1` and `1.2` are no versions here.
 */
export function matchingVersions(constraint: Constraint, entries: readonly string[]): string[] {
  return entries
    .filter((entry) => entry.split('.').length >= 3)
    .map(tryParseVersion)
    .filter((version): version is Version => version !== undefined && constraint.check(version))
    .sort((a, b) => compareVersions(b, a))
    .map(({ original }) => original);
}

/** The first of {@link matchingVersions}. */
export function latestVersion(constraint: Constraint, entries: readonly string[]): string | undefined {
  return matchingVersions(constraint, entries)[0];
}

/**
 * The version that Helm takes from the entries of a chart in a repository's index: one that is written exactly like
 * what is wanted, else the newest that satisfies it as a constraint. Nothing wanted means any release.
 */
export function chooseChartVersion(wanted: string, entries: readonly string[]): string | undefined {
  const constraint = parseConstraint(wanted === '' ? '*' : wanted);
  if (wanted !== '' && entries.includes(wanted)) return wanted;
  return entries
    .map(tryParseVersion)
    .filter((version): version is Version => version !== undefined && constraint.check(version))
    .sort((a, b) => compareVersions(b, a))[0]?.original;
}
