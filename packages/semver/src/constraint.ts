import { SluiceError } from '@sluice/core';
import { comparePrereleases, compareVersions, parseVersion, type Version } from './version.js';

/** What versions a text like `>=1.2 <2 || ~3.1` asks for. */
export interface Constraint {
  /** The normal form: spaces and commas between the parts put right. */
  readonly text: string;
  /**
   * Whether a version satisfies it. A prerelease does only where the alternative has a prerelease itself (`>=1.2-0`),
   * or with `includePrerelease`.
   */
  check(version: Version, options?: { readonly includePrerelease?: boolean }): boolean;
}

/** One comparison. */
interface Comparator {
  readonly operator: string;
  readonly original: string;
  readonly version: Version;
  /** Segments left out or given as `x`, `X` or `*`: the minor one, the patch one, or any. */
  readonly minorDirty: boolean;
  readonly patchDirty: boolean;
  readonly dirty: boolean;
}

const MAX_LENGTH = 512;
const MAX_ALTERNATIVES = 32;

// The expressions accept what Masterminds/semver's do, written so that no text takes long: its own give the blanks
// between comparisons to several repetitions at once.
const OPERATOR = String.raw`(?:=>|=<|!=|>=|<=|~>|=|>|<|~|\^)`;
const IDENTIFIERS = String.raw`[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*`;
const RANGE_VERSION = String.raw`v?[0-9|xX*]+(?:\.[0-9|xX*]+)?(?:\.[0-9|xX*]+)?(?:-${IDENTIFIERS})?(?:\+${IDENTIFIERS})?`;
const BLANK = String.raw`[\t\n\f\r ]`;
const COMPARISON = `(?:${OPERATOR}${BLANK}*)?${RANGE_VERSION}`;

const alternativeForm = new RegExp(`^${BLANK}*${COMPARISON}(?:(?:${BLANK}+|${BLANK}*,${BLANK}*)${COMPARISON})*${BLANK}*$`);
const comparisonForm = new RegExp(COMPARISON, 'g');
const hyphenRange = new RegExp(`${BLANK}*(${RANGE_VERSION})${BLANK}+-${BLANK}+(${RANGE_VERSION})${BLANK}*`, 'g');
const comparisonParts = new RegExp(
  `^(${OPERATOR})?${BLANK}*(v?([0-9|xX*]+)(\\.[0-9|xX*]+)?(\\.[0-9|xX*]+)?(-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?)$`,
);

/** The same few constraints are asked about again and again, and reading one costs more than checking a version. */
const known = new Map<string, Constraint>();
const MAX_KNOWN = 1_000;

/** Reads a constraint. Throws a SluiceError (VersionInvalid) with the words of Masterminds/semver. */
export function parseConstraint(text: string): Constraint {
  let constraint = known.get(text);
  if (constraint === undefined) {
    constraint = readConstraint(text);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(text, constraint);
  }
  return constraint;
}

function readConstraint(text: string): Constraint {
  if (Buffer.byteLength(text) > MAX_LENGTH) invalid(`constraint string is too long (max ${MAX_LENGTH} bytes)`);
  const alternatives = rewriteHyphenRanges(text).split('||');
  if (alternatives.length > MAX_ALTERNATIVES) invalid(`too many constraint groups (max ${MAX_ALTERNATIVES})`);
  const parsed = alternatives.map((alternative) => {
    if (!alternativeForm.test(alternative)) invalid(`improper constraint: ${quote(alternative)}`);
    const comparators = (alternative.match(comparisonForm) ?? []).map(parseComparator);
    return { comparators, hasPrerelease: comparators.some(({ version }) => version.prerelease !== '') };
  });
  return {
    text: parsed.map(({ comparators }) => comparators.map(({ operator, original }) => operator + original).join(' ')).join(' || '),
    check(version, { includePrerelease = false } = {}) {
      return parsed.some(({ comparators, hasPrerelease }) => {
        if (version.prerelease !== '' && !hasPrerelease && !includePrerelease) return false;
        return comparators.every((comparator) => satisfies(version, comparator));
      });
    },
  };
}

/** `1.2 - 2.3` → `>= 1.2, <= 2.3 `. */
function rewriteHyphenRanges(text: string): string {
  let rewritten = text;
  for (const [whole, from, to] of text.matchAll(hyphenRange)) rewritten = rewritten.replace(whole, () => `>= ${from}, <= ${to} `);
  return rewritten;
}

function parseComparator(text: string): Comparator {
  const match = comparisonParts.exec(text);
  if (match === null) return invalid(`improper constraint: ${quote(text)}`);
  const [, operator = '', original = '', major = '', minor = '', patch = '', prerelease = ''] = match;
  const common = { operator, original };
  if (isWild(major))
    return { ...common, version: constraintVersion(`0.0.0${prerelease}`), minorDirty: false, patchDirty: false, dirty: true };
  if (minor === '' || isWild(minor.slice(1))) {
    return { ...common, version: constraintVersion(`${major}.0.0${prerelease}`), minorDirty: true, patchDirty: false, dirty: true };
  }
  if (patch === '' || isWild(patch.slice(1))) {
    return { ...common, version: constraintVersion(`${major}${minor}.0${prerelease}`), minorDirty: false, patchDirty: true, dirty: true };
  }
  return { ...common, version: constraintVersion(original), minorDirty: false, patchDirty: false, dirty: false };
}

function isWild(segment: string): boolean {
  return segment === 'x' || segment === 'X' || segment === '*';
}

function constraintVersion(text: string): Version {
  try {
    return parseVersion(text);
  } catch {
    return invalid('constraint parser error');
  }
}

function satisfies(version: Version, comparator: Comparator): boolean {
  switch (comparator.operator) {
    case '!=':
      return isOther(version, comparator);
    case '>':
      return isGreater(version, comparator);
    case '<':
      return compareVersions(version, comparator.version) < 0;
    case '>=':
    case '=>':
      return compareVersions(version, comparator.version) >= 0;
    case '<=':
    case '=<':
      return isLessOrEqual(version, comparator);
    case '~':
    case '~>':
      return isCloseTo(version, comparator);
    case '^':
      return isCompatible(version, comparator);
    default:
      return comparator.dirty ? isCloseTo(version, comparator) : compareVersions(version, comparator.version) === 0;
  }
}

/** `!=1.2` leaves out all of 1.2, `!=1.x` all of 1. */
function isOther(version: Version, { version: wanted, minorDirty, patchDirty, dirty }: Comparator): boolean {
  if (dirty) {
    if (wanted.major !== version.major) return true;
    if (minorDirty) return false;
    if (wanted.minor !== version.minor) return true;
    if (patchDirty) return comparePrereleases(version.prerelease, wanted.prerelease) !== 0;
    if (wanted.patch !== version.patch) return true;
  }
  return compareVersions(version, wanted) !== 0;
}

/** `>1.2` is beyond all of 1.2. */
function isGreater(version: Version, { version: wanted, minorDirty, patchDirty, dirty }: Comparator): boolean {
  if (dirty) {
    if (version.major !== wanted.major) return version.major > wanted.major;
    if (minorDirty) return false;
    if (patchDirty) return version.minor > wanted.minor;
  }
  return compareVersions(version, wanted) > 0;
}

/** `<=1.2` takes all of 1.2. */
function isLessOrEqual(version: Version, { version: wanted, minorDirty, dirty }: Comparator): boolean {
  if (!dirty) return compareVersions(version, wanted) <= 0;
  if (version.major > wanted.major) return false;
  return version.major !== wanted.major || version.minor <= wanted.minor || minorDirty;
}

/** `~1.2.3`: the same minor version; `~1`: the same major one; `~0.0.0` and `*` take anything. */
function isCloseTo(version: Version, { version: wanted, minorDirty, patchDirty }: Comparator): boolean {
  if (compareVersions(version, wanted) < 0) return false;
  if (isZero(wanted.major) && isZero(wanted.minor) && isZero(wanted.patch) && !minorDirty && !patchDirty) return true;
  return version.major === wanted.major && (version.minor === wanted.minor || minorDirty);
}

/** `^1.2.3`: no change of the first segment that is not zero. */
function isCompatible(version: Version, { version: wanted, minorDirty, patchDirty }: Comparator): boolean {
  if (compareVersions(version, wanted) < 0) return false;
  if (!isZero(wanted.major) || minorDirty) return version.major === wanted.major;
  if (!isZero(version.major)) return false;
  if (!isZero(wanted.minor) || patchDirty) return version.minor === wanted.minor;
  return isZero(version.minor) && version.patch === wanted.patch;
}

function isZero(segment: number | bigint): boolean {
  return segment === 0;
}

/** A text as Go's `%q` shows it. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/\\u00([0-9a-f]{2})/g, (_, hex: string) => goEscapes.get(hex) ?? `\\x${hex}`);
}

const goEscapes = new Map([
  ['07', '\\a'],
  ['0b', '\\v'],
]);

function invalid(message: string): never {
  throw new SluiceError('VersionInvalid', message);
}
