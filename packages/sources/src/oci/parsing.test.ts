import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { constantFrom, assert as holds, property, string } from 'fast-check';
import { SluiceError } from '@sluice/core';
import { parseChallenges } from './challenge.js';
import { dockerConfigLogin } from './docker-config.js';
import { parseOciReference, parseOciUrl } from './reference.js';

describe('addresses of repositories', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const good: readonly [url: string, expected: object][] = [
    ['oci://ghcr.io/team/app', { registry: 'ghcr.io', repository: 'team/app' }],
    ['oci://localhost:5000/app:v1', { registry: 'localhost:5000', repository: 'app', tag: 'v1' }],
    ['oci://docker.io/nginx', { registry: 'index.docker.io', repository: 'library/nginx' }],
    [`oci://[::1]:5000/a/b@${digest}`, { registry: '[::1]:5000', repository: 'a/b', digest }],
    [`oci://h.example/a__b/c-d:t@${digest}`, { registry: 'h.example', repository: 'a__b/c-d', tag: 't', digest }],
  ];
  for (const [url, expected] of good) test(url, () => assert.deepEqual(parseOciReference(url), expected));

  const bad: readonly [url: string, message: RegExp][] = [
    ['https://ghcr.io/team/app', /URL must be in format 'oci:\/\/<domain>\/<org>\/<repo>'/],
    ['oci://ghcr.io', /URL must be in format/],
    ['oci://user:pass@ghcr.io/app', /\*\*\*@ghcr.io\/app.*URL must be in format/],
    ['oci://ghcr.io/Team/app', /lower case/],
    ['oci://ghcr.io/../app', /lower case/],
    ['oci://ghcr.io/app?x=1', /lower case/],
    ['oci://ghcr.io/app:', /can't be a tag/],
    ['oci://ghcr.io/app@sha256:abc', /not a digest/],
    ['oci://ghcr.io:99/app\n', /lower case/],
  ];
  for (const [url, message] of bad) {
    test(`${JSON.stringify(url)} is refused`, () => {
      assert.throws(
        () => parseOciReference(url),
        (error) => error instanceof SluiceError && message.test(error.message),
      );
    });
  }

  test('an OCIRepository says no tag', () => {
    assert.throws(() => parseOciUrl('oci://ghcr.io/app:v1'), /URL must not contain a tag; remove ':v1'/);
  });
});

describe('challenges', () => {
  const cases: readonly [header: string, expected: readonly [string, Readonly<Record<string, string>>][]][] = [
    ['Basic realm="a b"', [['basic', { realm: 'a b' }]]],
    [
      'Bearer realm="https://auth.example/token",service="x, y",scope="repository:a:pull,push"',
      [['bearer', { realm: 'https://auth.example/token', service: 'x, y', scope: 'repository:a:pull,push' }]],
    ],
    [
      'Negotiate, Basic realm=x',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    ['Bearer realm="a\\"b"', [['bearer', { realm: 'a"b' }]]],
    ['', []],
    ['"', []],
  ];
  for (const [header, expected] of cases) {
    test(JSON.stringify(header), () => {
      assert.deepEqual(
        parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]),
        expected,
      );
    });
  }

  test('any text ends', () => {
    holds(property(string({ unit: constantFrom('B', 'a', '=', '"', ',', ' ', '\\') }), (text) => void parseChallenges(text)));
  });
});

const at = (registry: string, repository = 'team/app'): { registry: string; repository: string } => ({ registry, repository });

describe('docker configs', () => {
  const login = dockerConfigLogin(
    JSON.stringify({
      auths: {
        'ghcr.io': { username: 'plain', password: 'p' },
        'ghcr.io/team/app': { auth: Buffer.from('deep:x:y').toString('base64') },
        'https://index.docker.io/v1/': { username: 'hub', password: 'p' },
        '*.azurecr.example': { identitytoken: 'refresh', username: 'wild' },
        'host:5000': { registrytoken: 'bearer' },
        'empty.example': {},
        __proto__x: { username: 'p', password: 'p' },
      },
    }),
  );
  const cases: readonly [registry: string, repository: string, expected: unknown][] = [
    ['ghcr.io', 'other', { username: 'plain', password: 'p' }],
    ['ghcr.io', 'team/app', { username: 'deep', password: 'x:y' }],
    ['ghcr.io', 'team/app2', { username: 'plain', password: 'p' }],
    ['index.docker.io', 'library/nginx', { username: 'hub', password: 'p' }],
    ['x.azurecr.example', 'a', { username: 'wild', identityToken: 'refresh' }],
    ['x.y.azurecr.example', 'a', undefined],
    ['host:5000', 'a', { registryToken: 'bearer' }],
    ['host', 'a', undefined],
    ['empty.example', 'a', undefined],
    ['evil-ghcr.io', 'a', undefined],
  ];
  for (const [registry, repository, expected] of cases) {
    test(`${registry}/${repository}`, async () => assert.deepEqual(await login(at(registry, repository)), expected));
  }

  test('programs are not run unless that is allowed, and only by a plain name', async () => {
    assert.throws(() => dockerConfigLogin('{"credHelpers":{"a.io":"ecr-login"}}')(at('a.io')), /docker-credential-ecr-login.*not allowed/);
    const options = { allowHelpers: true };
    assert.throws(() => dockerConfigLogin('{"credHelpers":{"a.io":"../x"}}', options)(at('a.io')), /can't be the name/);
    const absent = dockerConfigLogin('{"credsStore":"sluice-absent"}', options)(at('a.io'));
    await assert.rejects(Promise.resolve(absent), /docker-credential-sluice-absent failed for a\.io: ENOENT/);
  });

  for (const text of ['', '[]', '{"auths":{"a":"secret-text"}}', '{"auths":{"a":{"auth":"c2VjcmV0"}}}', 'secret {']) {
    test(`${JSON.stringify(text)} is refused, without a secret in the message`, () => {
      assert.throws(
        () => dockerConfigLogin(text),
        (error) => error instanceof SluiceError && error.reason === 'SourceSettingsInvalid' && !error.message.includes('secret'),
      );
    });
  }
});
