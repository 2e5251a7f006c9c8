import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '@sluice/core';
import * as fc from 'fast-check';
import { chooseChartVersion, compareVersions, formatVersion, latestVersion, parseConstraint, parseVersion, type Version } from './index.js';

test('a constraint takes the versions it says', () => {
  for (const [constraint, yes, no] of [
    ['>=1.2 <2', ['1.2.0', 'v1.9.9'], ['1.1.9', '2.0.0', '1.5.0-rc.1']],
    ['>=1.2-0', ['1.2.0-rc.1', '1.3.0-alpha'], ['1.1.0']],
    ['1.x || ^0.3.1', ['1.0.0', '0.3.2'], ['0.4.0', '2.0.0']],
    ['!=1.x', ['0.9.0', '2.0.0'], ['1.0.0', '1.9.9']],
    ['~0', ['0.0.1', '0.9.9'], ['1.0.0']],
    ['^0.0', ['0.0.9'], ['0.1.0']],
    ['1.0 - 2.0', ['1.0.0', '2.0.5'], ['2.1.0']],
    ['=> 18446744073709551615', ['18446744073709551615.0.0'], ['18446744073709551614.9.9']],
  ] as const) {
    const parsed = parseConstraint(constraint);
    for (const version of yes) assert.ok(parsed.check(parseVersion(version)), `${version} in ${constraint}`);
    for (const version of no) assert.ok(!parsed.check(parseVersion(version)), `${version} not in ${constraint}`);
  }
});

test('tags that are no full versions are passed over', () => {
  assert.equal(latestVersion(parseConstraint('*'), ['latest', '1.2', 'v1.10.0', '1.9.0', '2.0.0-rc.1']), 'v1.10.0');
  assert.equal(latestVersion(parseConstraint('>9'), ['1.0.0']), undefined);
});

test('an index answers with the version as it is written', () => {
  assert.equal(chooseChartVersion('1.2', ['1.2.9', '1.2']), '1.2');
  assert.equal(chooseChartVersion('', ['1.2.9', '2.0.0-rc.1']), '1.2.9');
});

test('hostile constraints end soon', () => {
  const started = performance.now();
  for (const text of [
    `${'1    '.repeat(100)}!`,
    `${' '.repeat(500)}!`,
    `${'1 - '.repeat(120)}!`,
    `1.1-${'a.'.repeat(240)}!`,
    `${'1,'.repeat(250)}!`,
    '1'.repeat(600),
  ]) {
    assert.throws(() => parseConstraint(text), SluiceError);
  }
  assert.ok(performance.now() - started < 1_000);
});

test('versions have a total order that their metadata does not count in', () => {
  const number = fc.nat({ max: 3 });
  const identifier = fc.constantFrom('alpha', 'rc', '1', '2', '10', 'a-b');
  const version = fc
    .tuple(number, number, number, fc.array(identifier, { maxLength: 3 }), fc.constantFrom('', '+b1', '+b2'))
    .map(([major, minor, patch, pre, metadata]): Version =>
      parseVersion(`${major}.${minor}.${patch}${pre.length > 0 ? `-${pre.join('.')}` : ''}${metadata}`),
    );
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      assert.equal(Math.sign(compareVersions(a, b)), 0 - Math.sign(compareVersions(b, a)));
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0);
      assert.equal(compareVersions(a, { ...a, metadata: 'other' }), 0);
      assert.deepEqual(parseVersion(formatVersion(a)), { ...a, original: formatVersion(a) });
    }),
  );
});
