import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { compileGlob } from './glob.js';
import { defaultMatcher, ignoreMatcher, parsePatterns, versionControlMatcher } from './ignore.js';

const recorded = join(import.meta.dirname, '../../../../../shared/conformance/ignore/match.json');
const skip = existsSync(recorded) ? false : 'no conformance data beside the project';

interface MatchCase {
  readonly name: string;
  readonly patterns: string;
  readonly domain: readonly string[];
  readonly matcher: 'patterns' | 'default' | 'vcs';
  readonly path: string;
  readonly isDir: boolean;
  readonly ignored: boolean;
}

const matchers = { patterns: ignoreMatcher, default: defaultMatcher, vcs: versionControlMatcher };

/** The recording replaced a temporary directory in the paths, and did not in the domains: they are the same directory. */
function recordedPath({ path, domain }: MatchCase): string[] {
  const segments = path.split('/');
  return domain.join('/') === 'srv/w' && segments[0] === 'tmp' ? ['srv', ...segments.slice(1)] : segments;
}

describe('ignore rules, as recorded', { skip }, () => {
  const cases = skip === false ? (JSON.parse(readFileSync(recorded, 'utf8')) as MatchCase[]) : [];
  for (const each of cases) {
    test(each.name, () => {
      const isIgnored = matchers[each.matcher](parsePatterns(each.patterns, each.domain), each.domain);
      assert.equal(isIgnored(recordedPath(each), each.isDir), each.ignored);
    });
  }
});

describe('globs', () => {
  for (const [pattern, name, expected] of [
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'aXbY', false],
    ['[a-c]?', 'b☃', true],
    ['[^a-c]', 'b', false],
    [String.raw`\*`, '*', true],
    [String.raw`\*`, 'x', false],
    ['[a', 'a', undefined],
    ['[]', ']', undefined],
    ['[a-]', 'a', undefined],
    ['a\\', 'a', undefined],
    ['', '', true],
  ] as const) {
    test(`${JSON.stringify(pattern)} and ${JSON.stringify(name)}: ${expected ?? 'malformed'}`, () => {
      assert.equal(compileGlob(pattern)?.(name), expected);
    });
  }

  test('a name that is written out matches itself and nothing longer', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const escaped = name.replaceAll(/[*?[\\]/g, String.raw`\$&`);
        assert.equal(compileGlob(escaped)?.(name), true);
        assert.equal(compileGlob(escaped)?.(`${name}x`), false);
        assert.equal(compileGlob(`${escaped}*`)?.(`${name}xyz`), true);
      }),
    );
  });

  test('a pattern made to explode takes no time', () => {
    const started = performance.now();
    assert.equal(compileGlob('*a'.repeat(500))?.('a'.repeat(499)), false);
    assert.ok(performance.now() - started < 500);
  });
});
