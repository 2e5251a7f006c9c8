import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRepositoryUrl } from './repository-url.js';

const commit = '0123456789abcdef0123456789abcdef01234567';
const cases: [string, { url: string; path: string; candidates: object[] }][] = [
  [
    'https://example.com/org/repo//deploy/base?ref=v1.2',
    { url: 'https://example.com/org/repo', path: 'deploy/base', candidates: [{ branch: 'v1.2' }, { tag: 'v1.2' }] },
  ],
  [
    'https://github.com/org/repo/deploy?ref=main',
    { url: 'https://github.com/org/repo', path: 'deploy', candidates: [{ branch: 'main' }, { tag: 'main' }] },
  ],
  ['github.com/org/repo', { url: 'https://github.com/org/repo', path: '.', candidates: [{ name: 'HEAD' }] }],
  ['gh:org/repo/x', { url: 'https://github.com/org/repo', path: 'x', candidates: [{ name: 'HEAD' }] }],
  ['git@gitlab.com:org/repo.git//a/b', { url: 'ssh://git@gitlab.com/org/repo.git', path: 'a/b', candidates: [{ name: 'HEAD' }] }],
  [
    `https://example.com/org/repo.git/sub?ref=${commit}`,
    { url: 'https://example.com/org/repo.git', path: 'sub', candidates: [{ commit }] },
  ],
  [
    'git::https://dev.azure.com/org/project/_git/repo/base',
    { url: 'https://dev.azure.com/org/project/_git/repo', path: 'base', candidates: [{ name: 'HEAD' }] },
  ],
  ['file:///srv/repo//x/', { url: 'file:///srv/repo', path: 'x', candidates: [{ name: 'HEAD' }] }],
];

for (const [text, { url, path, candidates }] of cases) {
  test(text, () => {
    const base = parseRepositoryUrl(text);
    assert.deepEqual({ url: base.url, path: base.path, candidates: base.candidates }, { url, path, candidates });
  });
}

test('parameters of kustomize', () => {
  const base = parseRepositoryUrl('https://example.com/r//p?ref=x&timeout=90s&submodules=false');
  assert.equal(base.timeoutMs, 90_000);
  assert.equal(base.submodules, false);
});
