import { compareVersions, parseStrictVersion, tryParseVersion, type Version } from '@sluice/semver';
import { CelError } from '../error.js';
import { bool, type CelType, int } from '../types.js';
import { CelOpaque } from '../values.js';
import { LibraryBuilder } from './registry.js';

const type: CelType = { kind: 'semver' };

class Semver extends CelOpaque {
  override readonly kind = 'semver';
  readonly version: Version;

  constructor(version: Version) {
    super();
    this.version = version;
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof Semver && compareVersions(this.version, other.version) === 0;
  }

  override toText(): string {
    return this.version.original;
  }
}

function parse(text: string, isLenient: boolean): Version | undefined {
  if (isLenient) return tryParseVersion(text);
  try {
    return parseStrictVersion(text);
  } catch {
    return undefined;
  }
}

function semverOf(text: string, isLenient: boolean): Semver {
  const version = parse(text, isLenient);
  if (version === undefined) throw new CelError(`semver parse error: ${JSON.stringify(text)} is not a semantic version`);
  return new Semver(version);
}

/** Kubernetes' versions: `semver('1.2.3').isLessThan(semver('2.0.0'))`. */
export const semverLibrary = new LibraryBuilder()
  .fn('isSemver', ['string'], bool, ([text]: [string]) => parse(text, false) !== undefined)
  .fn('isSemver', ['string', 'bool'], bool, ([text, lenient]: [string, boolean]) => parse(text, lenient) !== undefined)
  .fn('semver', ['string'], type, ([text]: [string]) => semverOf(text, false))
  .fn('semver', ['string', 'bool'], type, ([text, lenient]: [string, boolean]) => semverOf(text, lenient))
  .method('major', ['semver'], int, ([{ version }]: [Semver]) => BigInt(version.major))
  .method('minor', ['semver'], int, ([{ version }]: [Semver]) => BigInt(version.minor))
  .method('patch', ['semver'], int, ([{ version }]: [Semver]) => BigInt(version.patch))
  .method('isLessThan', ['semver', 'semver'], bool, ([a, b]: [Semver, Semver]) => compareVersions(a.version, b.version) < 0)
  .method('isGreaterThan', ['semver', 'semver'], bool, ([a, b]: [Semver, Semver]) => compareVersions(a.version, b.version) > 0)
  .method('compareTo', ['semver', 'semver'], int, ([a, b]: [Semver, Semver]) => BigInt(Math.sign(compareVersions(a.version, b.version))))
  .build();
