import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { credentialsFromSecret } from './credentials.js';
import { redact } from './redact.js';
import { parseGitUrl, resolveSubmoduleUrl } from './url.js';

describe('Git addresses', () => {
  for (const [url, address] of [
    ['https://github.com/org/repo', 'https://github.com/org/repo'],
    ['https://ada:secret@github.com/org/repo.git', 'https://github.com/org/repo.git'],
    ['http://localhost:8080/a%20b', 'http://localhost:8080/a%20b'],
    ['https://dev.azure.com/org/my%20project/_git/repo', 'https://dev.azure.com/org/my%20project/_git/repo'],
    ['ssh://git@github.com/org/repo', 'ssh://git@github.com/org/repo'],
    ['ssh://github.com/org/repo', 'ssh://git@github.com/org/repo'],
    ['ssh://git@ssh.dev.azure.com/v3/org/project/repo', 'ssh://git@ssh.dev.azure.com/v3/org/project/repo'],
    ['ssh://git@gitlab.example.com:2222/group/sub/repo.git', 'ssh://git@gitlab.example.com:2222/group/sub/repo.git'],
    ['ssh://git-codecommit.eu-west-1.amazonaws.com/v1/repos/x', 'ssh://git@git-codecommit.eu-west-1.amazonaws.com/v1/repos/x'],
  ] as const) {
    test(`${url} is taken`, () => assert.equal(parseGitUrl(url).address, address));
  }

  for (const url of [
    'ext::sh -c id',
    'ext::sh',
    'file:///etc',
    'git@github.com:org/repo.git',
    'git://github.com/org/repo',
    'ftp://x/y',
    '--upload-pack=id',
    'ssh://-oProxyCommand=id/x',
    'ssh://git@-oProxyCommand=id/x',
    'ssh://-l@host/x',
    'ssh://git@host/-x',
    'ssh://git@host/a\nb',
    'https://host/a b',
    'https://ho st/x',
    'https://user:pa%0ass@host/x',
    'https://host/x?a=b',
    'https:///x',
    '/local/path',
    '',
  ]) {
    test(`${JSON.stringify(url)} is refused`, () => {
      assert.throws(() => parseGitUrl(url), { reason: 'GitUrlRefused' });
    });
  }

  test('a refusal does not show a password', () => {
    assert.throws(
      () => parseGitUrl('https://ada:s3cret@host/x?y'),
      (error: Error) => !error.message.includes('s3cret'),
    );
  });

  test('files only where they are allowed', () => {
    assert.equal(parseGitUrl('file:///srv/git/a%20b', { allowFile: true }).address, 'file:///srv/git/a b');
    assert.throws(() => parseGitUrl('file://host/x', { allowFile: true }), { reason: 'GitUrlRefused' });
  });

  test('addresses of submodules may be relative', () => {
    const parent = parseGitUrl('ssh://git@host:22/group/repo.git');
    assert.equal(resolveSubmoduleUrl(parent, '../other.git'), 'ssh://git@host:22/group/other.git');
    assert.equal(resolveSubmoduleUrl(parent, './sub'), 'ssh://git@host:22/group/repo.git/sub');
    assert.equal(resolveSubmoduleUrl(parent, 'https://x/y'), 'https://x/y');
    assert.throws(() => resolveSubmoduleUrl(parent, '../../../../x'), { reason: 'GitUrlRefused' });
  });
});

function secret(data: Readonly<Record<string, string>>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)]));
}

describe('credentials from a Secret', () => {
  const https = parseGitUrl('https://ada:url-password@host/x');
  const ssh = parseGitUrl('ssh://host/x');
  for (const [name, url, data, expected] of [
    ['user and password', https, { username: 'u', password: 'p' }, { username: 'u', password: 'p' }],
    ['the address', https, {}, { username: 'ada', password: 'url-password' }],
    ['a token beats a user', https, { bearerToken: 't', username: 'u', password: 'p' }, { bearerToken: 't' }],
    ['ca.crt beats caFile', https, { 'ca.crt': 'new', caFile: 'old' }, { username: 'ada', password: 'url-password', ca: 'new' }],
    [
      'SSH',
      ssh,
      { identity: 'i', known_hosts: 'k', password: 'p', username: 'ignored' },
      { identity: 'i', knownHosts: 'k', password: 'p' },
    ],
  ] as const) {
    test(name, () => assert.deepEqual(credentialsFromSecret(url, secret(data)), expected));
  }

  for (const [name, url, data, message] of [
    ['no identity', ssh, {}, "invalid 'ssh' auth option: 'identity' is required"],
    ['no known_hosts', ssh, { identity: 'i' }, "invalid 'ssh' auth option: 'known_hosts' is required"],
    [
      'a password alone',
      parseGitUrl('https://host/x'),
      { password: 'p' },
      "invalid 'https' auth option: 'password' requires 'username' to be set",
    ],
    [
      'a line break',
      https,
      { username: 'u', password: 'p\n' },
      "invalid 'https' auth option: 'password' contains a line break: was the Secret made with a trailing newline?",
    ],
    [
      'half a client certificate',
      https,
      { username: 'u', 'tls.crt': 'c' },
      "invalid 'https' auth option: 'tls.crt' and 'tls.key' are only of use together",
    ],
  ] as const) {
    test(name, () => assert.throws(() => credentialsFromSecret(url, secret(data)), { reason: 'GitCredentialsInvalid', message }));
  }
});

test('redaction finds secrets in every encoding', () => {
  const secret = 'p@ss word';
  for (const text of [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    `https://ada:${encodeURIComponent(secret)}@host/`,
  ]) {
    assert.ok(!redact(`fatal: '${text}'`, [secret]).includes(text), text);
  }
});
