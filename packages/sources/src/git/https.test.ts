import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { request as forward, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  basic,
  gitBackend,
  listen,
  makeCertificates,
  withAuthentication,
  type TestCertificates,
  type TestServer,
} from '../testing/https-server.js';
import { makeRepository, makeWorkspace, type TestRepository, type Workspace } from '../testing/repository.js';
import { createGitClient, type GitClient, type GitRequest } from './client.js';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('Git over HTTPS', { skip: hasOpenssl ? false : 'openssl is not installed' }, () => {
  let workspace: Workspace;
  let repository: TestRepository;
  let certificates: TestCertificates;
  let git: GitClient;
  let commit: string;
  const servers: TestServer[] = [];

  before(() => {
    workspace = makeWorkspace();
    certificates = makeCertificates(workspace.dir);
    repository = makeRepository(join(workspace.dir, 'www/repo'));
    commit = repository.commit('one', { 'a.yaml': '1' });
    git = createGitClient({ cacheDir: join(workspace.dir, 'cache') });
  });
  after(async () => {
    await git.close();
    await Promise.all(servers.map((server) => server.close()));
    workspace.remove();
  });

  const serve = async (handler: RequestListener, options: { tls?: boolean; clientCertificates?: boolean } = {}): Promise<TestServer> => {
    const { cert, key, ca } = certificates;
    const tls = { cert, key, ...(options.clientCertificates === true && { ca, requestCert: true, rejectUnauthorized: true }) };
    const server = await listen(handler, options.tls === false ? undefined : tls);
    servers.push(server);
    return server;
  };
  const backend = (): RequestListener => gitBackend(join(workspace.dir, 'www'));
  const fetched = async (request: Omit<GitRequest, 'reference'>): Promise<string> => {
    const whole = { reference: { branch: 'main' }, maxAgeMs: 0, ...request };
    return await git.checkout(whole, await git.resolve(whole), async ({ revision }) => revision);
  };
  const revision = (): string => `main@sha1:${commit}`;

  test('a certificate authority is trusted when it is given, and only then', async () => {
    const { url } = await serve(backend());
    await assert.rejects(fetched({ url: `${url}/repo` }), { reason: 'GitUnreachable', message: /certificate/i });
    assert.equal(await fetched({ url: `${url}/repo`, credentials: { ca: certificates.ca } }), revision());
  });

  test('user and password; a token; a client certificate', async () => {
    const { ca, cert, key } = certificates;
    const password = `pass word's "%$(id)\\`;
    for (const [name, handler, credentials, options] of [
      ['basic', withAuthentication(basic('ada', password), backend()), { username: 'ada', password }, {}],
      ['bearer', withAuthentication('Bearer s3cret-token', backend()), { bearerToken: 's3cret-token' }, {}],
      ['client certificate', backend(), { clientCertificate: cert, clientKey: key }, { clientCertificates: true }],
    ] as const) {
      const { url } = await serve(handler, options);
      assert.equal(await fetched({ url: `${url}/repo`, credentials: { ca, ...credentials } }), revision(), name);
    }
  });

  test('wrong credentials and missing ones say so, without showing them', async () => {
    const { url } = await serve(withAuthentication(basic('ada', 'right'), backend()));
    for (const credentials of [{}, { username: 'ada', password: 'wr0ng-secret' }, { bearerToken: 'wr0ng-secret' }]) {
      await assert.rejects(
        fetched({ url: `${url}/repo`, credentials: { ca: certificates.ca, ...credentials } }),
        (error: Error & { reason?: string }) => {
          assert.equal(error.reason, 'GitAuthenticationFailed');
          assert.match(error.message, /authentication required: $/);
          assert.ok(!JSON.stringify([error.message, error.stack, error.cause]).includes('wr0ng-secret'));
          return true;
        },
      );
    }
  });

  test('a repository that is not there', async () => {
    const { url } = await serve(backend());
    await assert.rejects(fetched({ url: `${url}/nope`, credentials: { ca: certificates.ca } }), {
      reason: 'GitRepositoryMissing',
      message: /^unable to clone '.*': repository not found/,
    });
  });

  test('a redirect on the same host is followed, with credentials', async () => {
    const handler = withAuthentication(basic('ada', 'secret'), backend());
    const { url } = await serve((request, response) => {
      if (request.url?.startsWith('/old/') !== true) return handler(request, response);
      response.writeHead(301, { location: request.url.replace('/old/', '/') }).end();
    });
    assert.equal(
      await fetched({ url: `${url}/old/repo`, credentials: { ca: certificates.ca, username: 'ada', password: 'secret' } }),
      revision(),
    );
  });

  test('credentials do not follow a redirect to another host', async () => {
    const seen: string[] = [];
    const other = await serve((request, response) => {
      if (request.headers.authorization !== undefined) seen.push(request.headers.authorization);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="other"' }).end();
    });
    const { url } = await serve(
      withAuthentication(basic('ada', 'secret'), (request, response) => {
        response.writeHead(302, { location: `${other.url}${request.url ?? ''}` }).end();
      }),
    );
    const bearer = await serve((request, response) => {
      response.writeHead(302, { location: `${other.url}${request.url ?? ''}` }).end();
    });
    const { ca } = certificates;
    await assert.rejects(fetched({ url: `${url}/repo`, credentials: { ca, username: 'ada', password: 'secret' } }), {
      name: 'SluiceError',
    });
    await assert.rejects(fetched({ url: `${bearer.url}/repo`, credentials: { ca, bearerToken: 'secret' } }), { name: 'SluiceError' });
    assert.deepEqual(seen, []);
  });

  test('a proxy is used, with its own credentials', async () => {
    const origin = await serve(backend(), { tls: false });
    const seen: string[] = [];
    const proxy = await serve(
      (request, response) => {
        if (request.headers['proxy-authorization'] !== basic('ada', 'proxy-s3cret')) {
          response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end();
          return;
        }
        seen.push(request.url ?? '');
        const target = new URL(request.url ?? '');
        const { host: _, ...headers } = request.headers;
        const onward = forward(
          { port: origin.port, host: '127.0.0.1', path: target.pathname + target.search, method: request.method, headers },
          (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(response);
          },
        );
        request.pipe(onward);
      },
      { tls: false },
    );
    const address = proxy.url.replace('//', '//ada:proxy-s3cret@');
    assert.equal(await fetched({ url: 'http://git.example/repo', proxy: address }), revision());
    assert.ok(seen.length > 0 && seen.every((url) => url.startsWith('http://git.example/repo/')), seen.join());
    await proxy.close();
    await assert.rejects(fetched({ url: 'http://git.example/repo', proxy: address }), (error: Error & { reason?: string }) => {
      assert.equal(error.reason, 'GitUnreachable');
      assert.ok(!error.message.includes('proxy-s3cret'));
      return true;
    });
  });

  test('a server that hangs is given up in time, and nothing is left running', async () => {
    const { url } = await serve(() => undefined);
    const started = performance.now();
    await assert.rejects(fetched({ url: `${url}/repo`, credentials: { ca: certificates.ca }, timeoutMs: 600 }), { reason: 'GitTimeout' });
    assert.ok(performance.now() - started < 5000);
    const children = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
    assert.deepEqual(
      children.filter((line) => line.includes(url.slice('https://'.length)) && line.includes('git')),
      [],
    );
  });

  test('a pack that is cut off, or garbage, fails and leaves nothing behind', async () => {
    const handler = backend();
    let isHostile = true;
    const { url } = await serve((request, response) => {
      // A fetch, unlike a listing, sends what it wants.
      if (!isHostile || request.headers['content-type'] !== 'application/x-git-upload-pack-request') return handler(request, response);
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
      request.on('end', () => {
        if (!body.includes('command=fetch')) {
          response.writeHead(500).end();
          return;
        }
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
        response.end('000dpackfile\n0023\u0001PACK\u0000\u0000\u0000\u0002\u0000\u0000\u0000\u0003garbage0000');
      });
    });
    const request = { url: `${url}/repo`, reference: { branch: 'main' }, credentials: { ca: certificates.ca }, maxAgeMs: 60_000 };
    isHostile = false;
    const resolved = await git.resolve(request);
    isHostile = true;
    await assert.rejects(
      git.checkout(request, resolved, async () => assert.fail('used')),
      { name: 'SluiceError' },
    );
    isHostile = false;
    assert.equal(await git.checkout(request, resolved, async (checkout) => checkout.revision), revision());
  });

  test('secrets are in no arguments, and in no file afterwards', async () => {
    const { cert, key, ca } = certificates;
    const argumentsSeen: string[] = [];
    const handler = withAuthentication(basic('ada', 'very-s3cret'), backend());
    const { url } = await serve((request, response) => {
      argumentsSeen.push(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }));
      handler(request, response);
    });
    await fetched({
      url: `${url}/repo`,
      credentials: { ca, username: 'ada', password: 'very-s3cret', clientCertificate: cert, clientKey: key },
    });
    assert.ok(argumentsSeen.length > 0);
    assert.ok(argumentsSeen.every((list) => !list.includes('very-s3cret')));
    assert.deepEqual(readdirSync(join(workspace.dir, 'cache/keys')), []);
    assert.equal(spawnSync('grep', ['-r', 'very-s3cret', join(workspace.dir, 'cache')]).status, 1);
  });
});
