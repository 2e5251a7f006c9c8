import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SluiceError } from '@sluice/core';
import {
  chooseChartVersion,
  compareVersions,
  formatVersion,
  latestVersion,
  matchingVersions,
  nextVersion,
  parseConstraint,
  parseStrictVersion,
  parseVersion,
  type Version,
} from './index.js';

const folder = join(import.meta.dirname, '../../../../shared/conformance/semver');
const skip = existsSync(folder) ? false : 'the recorded behaviour of Masterminds/semver is not beside the project';

interface ConstraintCase {
  constraint: string;
  string?: string;
  match?: string[];
  noMatch?: string[];
  matchIncludingPrerelease?: string[];
  error?: string;
}
interface VersionCase {
  version: string;
  string: string;
  original: string;
  major: number;
  minor: number;
  patch: number;
  prerelease?: string;
  metadata?: string;
  incMajor: string;
  incMinor: string;
  incPatch: string;
  error?: string;
  strictError?: string;
}
interface OrderCase {
  input?: string[];
  ascendingStable?: string[];
  version?: string;
  compareTo?: Record<string, number>;
}
interface LatestCase {
  constraint: string;
  versions: string[];
  latest: string | null;
  descending?: string[];
  error?: string;
  helmIndex?: string;
  helmIndexError?: string;
}
interface KubeCase {
  constraint: string;
  kubeVersion: string;
  match: boolean;
}

for (const [index, entry] of cases<ConstraintCase>('constraints').entries()) {
  test(`constraint ${index}: ${entry.constraint}`, () => {
    if (entry.error !== undefined) return assertFails(() => parseConstraint(entry.constraint), entry.error);
    const constraint = parseConstraint(entry.constraint);
    assert.equal(constraint.text, entry.string);
    for (const version of entry.match ?? []) assert.ok(constraint.check(parseVersion(version)), version);
    for (const version of entry.noMatch ?? []) assert.ok(!constraint.check(parseVersion(version)), version);
    const all = [...(entry.match ?? []), ...(entry.noMatch ?? [])];
    const included = all.filter((version) => constraint.check(parseVersion(version), { includePrerelease: true }));
    if (entry.matchIncludingPrerelease !== undefined) assert.deepEqual(included.sort(), entry.matchIncludingPrerelease.sort());
  });
}

for (const entry of cases<VersionCase>('versions')) {
  test(`version ${JSON.stringify(entry.version)}`, () => {
    if (entry.strictError === undefined) parseStrictVersion(entry.version);
    else assertFails(() => parseStrictVersion(entry.version), entry.strictError);
    if (entry.error !== undefined) return assertFails(() => parseVersion(entry.version), entry.error);
    const version = parseVersion(entry.version);
    const { major, minor, patch, prerelease = '', metadata = '', original } = entry;
    assert.deepEqual([Number(version.major), Number(version.minor), Number(version.patch)], [major, minor, patch]);
    assert.deepEqual([version.prerelease, version.metadata, version.original], [prerelease, metadata, original]);
    assert.equal(formatVersion(version), entry.string);
    for (const [part, expected] of [
      ['major', entry.incMajor] as const,
      ['minor', entry.incMinor] as const,
      ['patch', entry.incPatch] as const,
    ]) {
      if (expected === undefined) continue;
      assert.ok([formatVersion(nextVersion(version, part)), nextVersion(version, part).original].includes(expected), expected);
    }
  });
}

for (const [index, entry] of cases<OrderCase>('order').entries()) {
  test(`order ${index}`, () => {
    if (entry.input !== undefined) {
      const sorted = entry.input.map((text): Version => parseVersion(text)).sort(compareVersions);
      assert.deepEqual(
        sorted.map(({ original }) => original),
        entry.ascendingStable,
      );
    }
    for (const [other, order] of Object.entries(entry.compareTo ?? {})) {
      assert.equal(compareVersions(parseVersion(entry.version ?? ''), parseVersion(other)), order, other);
    }
  });
}

for (const [index, entry] of cases<LatestCase>('latest').entries()) {
  test(`latest ${index}: ${entry.constraint}`, () => {
    if (entry.error === undefined) {
      const constraint = parseConstraint(entry.constraint);
      assert.equal(latestVersion(constraint, entry.versions) ?? null, entry.latest);
      // Versions that differ in their metadata only have no defined order.
      assert.deepEqual(plain(matchingVersions(constraint, entry.versions)), plain(entry.descending ?? []));
    } else {
      assertFails(() => parseConstraint(entry.constraint), entry.error);
    }
    if (entry.helmIndexError?.startsWith('improper') === true) {
      assertFails(() => chooseChartVersion(entry.constraint, entry.versions), entry.helmIndexError);
    } else if (entry.versions.length > 0) {
      assert.equal(chooseChartVersion(entry.constraint, entry.versions), entry.helmIndex);
    }
  });
}

for (const { constraint, kubeVersion, match } of cases<KubeCase>('kube')) {
  test(`cluster ${kubeVersion} for ${constraint}`, () => {
    assert.equal(parseConstraint(constraint).check(parseVersion(kubeVersion)), match);
  });
}

function cases<T>(name: string): T[] {
  if (skip !== false) {
    test(`recorded ${name}`, { skip });
    return [];
  }
  return (JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as { cases: T[] }).cases;
}

/** Without their metadata. */
function plain(versions: readonly string[]): string[] {
  return versions.map((version) => version.replace(/\+.*/, ''));
}

function assertFails(action: () => unknown, message: string): void {
  assert.throws(action, (error: unknown) => error instanceof SluiceError && error.reason === 'VersionInvalid' && error.message === message);
}
