/**
 * Versions and constraints as Masterminds/semver v3 reads them, which Helm, Flux and charts' templates go by.
 *
 * ```ts
 * const constraint = parseConstraint('>=1.2 <2');
 * constraint.check(parseVersion('v1.9.3')); // true
 * latestVersion(constraint, ['1.2.0', '1.9.3', '2.0.0']); // '1.9.3'
 * ```
 *
 * @module
 */
export { chooseChartVersion, latestVersion, matchingVersions } from './choose.js';
export { parseConstraint, type Constraint } from './constraint.js';
export { compareVersions, formatVersion, nextVersion, parseStrictVersion, parseVersion, tryParseVersion, type Version } from './version.js';
