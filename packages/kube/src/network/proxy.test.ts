import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isExempt, proxyFromEnvironment } from './proxy.js';

const exempt: readonly [noProxy: string, url: string, expected: boolean][] = [
  ['', 'https://api.example.com', false],
  ['', 'https://localhost', true],
  ['', 'https://127.8.0.1', true],
  ['', 'https://[::1]:6443', true],
  ['*', 'https://api.example.com', true],
  ['example.com', 'https://example.com', true],
  ['example.com', 'https://api.example.com', true],
  ['example.com', 'https://notexample.com', false],
  ['.example.com', 'https://example.com', false],
  ['.example.com', 'https://api.example.com', true],
  ['*.example.com', 'https://api.example.com', true],
  ['EXAMPLE.com', 'https://api.example.COM.', true],
  ['a, example.com ,b', 'https://example.com', true],
  ['example.com:6443', 'https://example.com:6443', true],
  ['example.com:443', 'https://example.com', true],
  ['example.com:6443', 'https://example.com', false],
  ['10.0.0.0/8', 'https://10.1.2.3:6443', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.0.0.0/8', 'https://ten.example.com', false],
  ['10.0.0.0/99', 'https://10.1.2.3', false],
  ['10.1.2.3', 'https://10.1.2.3', true],
  ['10.1.2.3:80', 'https://10.1.2.3', false],
  ['fd00::/8', 'https://[fd00::1]', true],
  ['fd00::1', 'https://[fd00::1]', true],
  ['[fd00::1]:443', 'https://[fd00::1]', true],
];
for (const [noProxy, url, expected] of exempt) {
  test(`NO_PROXY=${noProxy} ${expected ? 'exempts' : 'does not exempt'} ${url}`, () =>
    assert.equal(isExempt(new URL(url), noProxy), expected));
}

test('the environment names a proxy by the scheme; upper case first', () => {
  const env = { HTTPS_PROXY: 'proxy:3128', https_proxy: 'http://other', http_proxy: 'http://plain:80' };
  assert.equal(proxyFromEnvironment(new URL('https://example.com'), env), 'http://proxy:3128');
  assert.equal(proxyFromEnvironment(new URL('http://example.com'), env), 'http://plain:80');
  assert.equal(proxyFromEnvironment(new URL('https://example.com'), { ...env, no_proxy: 'example.com' }), undefined);
  assert.equal(proxyFromEnvironment(new URL('https://example.com'), {}), undefined);
});
