import { SluiceError } from '@sluice/core';

/** A version, as it is written and in parts. Segments are numbers, or bigints beyond 2^53 (they have 64 bits). */
export interface Version {
  readonly original: string;
  readonly major: number | bigint;
  readonly minor: number | bigint;
  readonly patch: number | bigint;
  /** `rc.1` of `1.2.3-rc.1`; empty for a release. */
  readonly prerelease: string;
  /** `build.5` of `1.2.3+build.5`. It does not count in comparisons. */
  readonly metadata: string;
}

const MAX_LENGTH = 256;
const MAX_SEGMENT = 2n ** 64n - 1n;

const loose =
  /^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;

/**
 * Reads a version as charts and tags have them: a leading `v`, missing segments (`1.2`) and leading zeros are fine.
 * Throws a SluiceError (VersionInvalid) with the words of Masterminds/semver.
 */
export function parseVersion(text: string): Version {
  checkLength(text);
  const match = loose.exec(text);
  if (match === null) return invalid('invalid semantic version');
  const [, major = '', minor = '0', patch = '0', prerelease = '', metadata = ''] = match;
  const version = {
    original: text,
    major: segment(major, 'error parsing version segment: '),
    minor: segment(minor, 'error parsing version segment: '),
    patch: segment(patch, 'error parsing version segment: '),
    prerelease,
    metadata,
  };
  if (prerelease !== '') checkPrerelease(prerelease);
  return version;
}

/** {@link parseVersion}, or undefined where it would throw. */
export function tryParseVersion(text: string): Version | undefined {
  try {
    return parseVersion(text);
  } catch (error) {
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}

/** Reads a version that keeps to the letter of Semantic Versioning 2.0: three segments, no `v`, no leading zeros. */
export function parseStrictVersion(text: string): Version {
  if (text === '') invalid('version string empty');
  checkLength(text);
  const dots = [text.indexOf('.'), text.indexOf('.', text.indexOf('.') + 1)];
  if (dots[0] === -1 || dots[1] === -1) invalid('invalid semantic version');
  const [afterMetadata, metadata] = cut(text.slice(dots[1]! + 1), '+');
  if (metadata !== undefined) checkMetadata(metadata);
  const [patch, prerelease] = cut(afterMetadata, '-');
  if (prerelease !== undefined) checkPrerelease(prerelease);
  const segments = [text.slice(0, dots[0]), text.slice(dots[0]! + 1, dots[1]), patch];
  for (const part of segments) {
    if (!/^[0-9]*$/.test(part)) invalid('invalid characters in version');
    if (part.length > 1 && part.startsWith('0')) invalid('version segment starts with 0');
  }
  const [major = 0, minor = 0, patchNumber = 0] = segments.map((part) => segment(part, ''));
  return { original: text, major, minor, patch: patchNumber, prerelease: prerelease ?? '', metadata: metadata ?? '' };
}

/** A version in full, without a leading `v`: `1.2` is `1.2.0`. */
export function formatVersion({ major, minor, patch, prerelease, metadata }: Version): string {
  return `${major}.${minor}.${patch}${prerelease === '' ? '' : `-${prerelease}`}${metadata === '' ? '' : `+${metadata}`}`;
}

/** The order of versions: negative when `a` comes before `b`. Metadata does not count. */
export function compareVersions(a: Version, b: Version): number {
  return (
    compareSegments(a.major, b.major) ||
    compareSegments(a.minor, b.minor) ||
    compareSegments(a.patch, b.patch) ||
    compareReleases(a.prerelease, b.prerelease)
  );
}

/** The next version of a kind, without prerelease and metadata. The next patch of a prerelease is its release. */
export function nextVersion(version: Version, part: 'major' | 'minor' | 'patch'): Version {
  const { major, minor, patch } = version;
  const next =
    part === 'major'
      ? { major: increment(major), minor: 0, patch: 0 }
      : part === 'minor'
        ? { major, minor: increment(minor), patch: 0 }
        : { major, minor, patch: version.prerelease === '' ? increment(patch) : patch };
  const bare = { ...next, prerelease: '', metadata: '', original: '' };
  return { ...bare, original: `${version.original.startsWith('v') ? 'v' : ''}${formatVersion(bare)}` };
}

export function comparePrereleases(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compareIdentifiers(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

/** A release comes after its prereleases. */
function compareReleases(a: string, b: string): number {
  if (a === '' || b === '') return a === b ? 0 : a === '' ? 1 : -1;
  return comparePrereleases(a, b);
}

/** Numbers by value and before words; a missing identifier first. A number beyond 64 bits is a word. */
function compareIdentifiers(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? -1 : 1;
  const left = identifierNumber(a);
  const right = identifierNumber(b);
  if (left === undefined && right === undefined) return a > b ? 1 : -1;
  if (right === undefined) return -1;
  if (left === undefined) return 1;
  return left > right ? 1 : -1;
}

function identifierNumber(text: string): bigint | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text);
  return value > MAX_SEGMENT ? undefined : value;
}

function compareSegments(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function increment(value: number | bigint): number | bigint {
  const next = BigInt(value) + 1n;
  if (next > MAX_SEGMENT) invalid('version increment would overflow uint64');
  return narrow(next);
}

function segment(text: string, context: string): number | bigint {
  if (text === '') invalid(`${context}strconv.ParseUint: parsing "": invalid syntax`);
  const value = BigInt(text);
  if (value > MAX_SEGMENT) invalid(`${context}strconv.ParseUint: parsing "${text}": value out of range`);
  return narrow(value);
}

function narrow(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function checkLength(text: string): void {
  if (Buffer.byteLength(text) > MAX_LENGTH) invalid(`version string is too long (max ${MAX_LENGTH} bytes)`);
}

function checkPrerelease(text: string): void {
  for (const identifier of text.split('.')) {
    if (!/^[0-9A-Za-z-]+$/.test(identifier)) invalid('invalid prerelease string');
    if (/^0[0-9]+$/.test(identifier)) invalid('version segment starts with 0');
  }
}

function checkMetadata(text: string): void {
  if (!text.split('.').every((identifier) => /^[0-9A-Za-z-]+$/.test(identifier))) invalid('invalid metadata string');
}

function cut(text: string, separator: string): [before: string, after: string | undefined] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

function invalid(message: string): never {
  throw new SluiceError('VersionInvalid', message);
}
