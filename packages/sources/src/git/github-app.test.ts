import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { listen, type TestServer } from '../testing/https-server.js';
import { createGitHubTokens, gitHubAppFromSecret } from './github-app.js';

describe('GitHub Apps', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  let server: TestServer;
  const seen: string[] = [];
  let time = Date.parse('2026-01-01T00:00:00Z');

  /** Checks the app's own token as GitHub does. */
  const isGenuine = (authorization: string | undefined): boolean => {
    const [head = '', claims = '', signature = ''] = authorization?.replace('Bearer ', '').split('.') ?? [];
    const { iss, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iss: string; iat: number; exp: number };
    const isTimely = iat * 1000 <= time && exp * 1000 > time && exp - iat <= 600;
    return (
      iss === '42' && isTimely && verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))
    );
  };

  before(async () => {
    server = await listen((request, response) => {
      seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const answer = (status: number, body: unknown): void => void response.writeHead(status).end(JSON.stringify(body));
      if (!isGenuine(request.headers.authorization)) answer(401, {});
      else if (request.url === '/app/installations?per_page=100&page=1')
        answer(200, [
          { id: 6, account: { login: 'other' } },
          { id: 7, account: { login: 'Fleet' } },
        ]);
      else if (request.url?.startsWith('/app/installations?') === true) answer(200, []);
      else if (request.url === '/app/installations/7/access_tokens') {
        answer(201, { token: `token-${seen.length}`, expires_at: new Date(time + 3600_000).toISOString() });
      } else answer(404, {});
    });
  });
  after(() => server.close());

  const secret = (data: Readonly<Record<string, string>>): Record<string, Uint8Array> =>
    Object.fromEntries(
      Object.entries({ githubAppID: '42', githubAppPrivateKey: pem, githubAppBaseURL: `${server.url}/`, ...data }).map(([key, value]) => [
        key,
        Buffer.from(value),
      ]),
    );

  test('a token is fetched, used again, and renewed before it expires', async () => {
    const tokens = createGitHubTokens(() => time);
    const app = gitHubAppFromSecret(secret({ githubAppInstallationID: '7' }));
    const first = await tokens.credentials(app);
    assert.equal(first.username, 'x-access-token');
    assert.match(first.password ?? '', /^token-/);
    assert.deepEqual(await tokens.credentials(app), first);
    time += 56 * 60_000;
    assert.notEqual((await tokens.credentials(app)).password, first.password);
    assert.deepEqual(new Set(seen), new Set(['POST /app/installations/7/access_tokens']));
  });

  test('the installation is found by its owner', async () => {
    const tokens = createGitHubTokens(() => time);
    const { password } = await tokens.credentials(gitHubAppFromSecret(secret({ githubAppInstallationOwner: 'fleet' })));
    assert.match(password ?? '', /^token-/);
    await assert.rejects(tokens.credentials(gitHubAppFromSecret(secret({ githubAppInstallationOwner: 'nobody' }))), {
      reason: 'GitAuthenticationFailed',
      message: /has no installation for nobody$/,
    });
  });

  test('what is wrong is said, without the key', async () => {
    const tokens = createGitHubTokens(() => time);
    for (const [data, reason] of [
      [{ githubAppInstallationID: '9' }, 'GitAuthenticationFailed'],
      [{ githubAppInstallationID: '7', githubAppPrivateKey: 'no key' }, 'GitCredentialsInvalid'],
      [{ githubAppInstallationID: '7', githubAppBaseURL: 'http://127.0.0.1:1' }, 'GitAuthenticationFailed'],
      [{ githubAppInstallationID: '7', githubAppBaseURL: 'http://169.254.169.254' }, 'GitAuthenticationFailed'],
    ] as const) {
      await assert.rejects(tokens.credentials(gitHubAppFromSecret(secret(data))), (error: Error & { reason?: string }) => {
        assert.equal(error.reason, reason);
        assert.ok(!error.message.includes('PRIVATE KEY'));
        return true;
      });
    }
    for (const data of [
      {},
      { githubAppInstallationID: '7', githubAppInstallationOwner: 'x' },
      { githubAppInstallationID: '7', githubAppID: '' },
    ]) {
      assert.throws(() => gitHubAppFromSecret(secret(data)), { reason: 'GitCredentialsInvalid' });
    }
  });
});
