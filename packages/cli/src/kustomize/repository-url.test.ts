import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRepositoryUrl } from './repository-url.js';

const commit = '0123456789abcdef0123456789abcdef01234567';
const cases: [string, { url: string; path: string; reference: object }][] = [
  [
    'https://example.com/org/repo//deploy/base?ref=v1.2',
    { url: 'https://example.com/org/repo', path: 'deploy/base', reference: { branch: 'v1.2' } },
  ],
  ['https://github.com/org/repo/deploy?ref=main', { url: 'https://github.com/org/repo', path: 'deploy', reference: { branch: 'main' } }],
  ['github.com/org/repo', { url: 'https://github.com/org/repo', path: '.', reference: {} }],
  ['gh:org/repo/x', { url: 'https://github.com/org/repo', path: 'x', reference: {} }],
  ['git@gitlab.com:org/repo.git//a/b', { url: 'ssh://git@gitlab.com/org/repo.git', path: 'a/b', reference: {} }],
  [`https://example.com/org/repo.git/sub?ref=${commit}`, { url: 'https://example.com/org/repo.git', path: 'sub', reference: { commit } }],
  [
    'git::https://dev.azure.com/org/project/_git/repo/base',
    { url: 'https://dev.azure.com/org/project/_git/repo', path: 'base', reference: {} },
  ],
  ['file:///srv/repo//x/', { url: 'file:///srv/repo', path: 'x', reference: {} }],
];

for (const [text, { url, path, reference }] of cases) {
  test(text, () => {
    const base = parseRepositoryUrl(text);
    assert.deepEqual({ url: base.url, path: base.path, reference: base.reference }, { url, path, reference });
  });
}

test('parameters of kustomize', () => {
  const base = parseRepositoryUrl('https://example.com/r//p?ref=x&timeout=90s&submodules=false');
  assert.equal(base.timeoutMs, 90_000);
  assert.equal(base.submodules, false);
});
