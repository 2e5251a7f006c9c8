import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createCluster } from '../client/create-cluster.js';
import { bodyChunks, bodyText } from '../http.js';
import type { ClusterConfig } from '../kubeconfig/types.js';
import { certificateAuthority, clientCertificate, clientKey, serverCertificate, serverKey } from '../testing/certificates.js';
import { networkFetch, type NetworkOptions } from './network-fetch.js';

const folder = mkdtempSync(join(tmpdir(), 'sluice-network-'));
after(() => rmSync(folder, { recursive: true }));

interface Api {
  readonly port: number;
  readonly seen: IncomingMessage[];
}

/** Runs a task against a server, over TLS or not, and ends all connections after it. */
async function withServer(handler: RequestListener, task: (api: Api) => Promise<void>, tls = true): Promise<void> {
  const seen: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    seen.push(request);
    handler(request, response);
  };
  const authority = { ca: certificateAuthority, requestCert: true, rejectUnauthorized: false };
  const server = tls ? createHttpsServer({ cert: serverCertificate, key: serverKey, ...authority }, listener) : createHttpServer(listener);
  await listening(server);
  try {
    await task({ port: (server.address() as AddressInfo).port, seen });
  } finally {
    await closed(server);
  }
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function withFetch(
  config: Partial<ClusterConfig> & { readonly server: string },
  task: (fetch: ReturnType<typeof networkFetch>) => Promise<void>,
  options: NetworkOptions = { env: {} },
): Promise<void> {
  const complete: ClusterConfig = {
    context: 'test',
    namespace: 'default',
    insecureSkipTlsVerify: false,
    credentials: { type: 'none' },
    ...config,
  };
  const fetch = networkFetch(complete, options);
  try {
    await task(fetch);
  } finally {
    await fetch.close();
  }
}

/** Answers with the name in the client's certificate. */
const tellClient: RequestListener = (request, response) => response.end((request.socket as TLSSocket).getPeerCertificate().subject?.CN);

const get = { method: 'GET', path: '/version', headers: { accept: 'application/json' } };
const trusted = { certificateAuthority: { pem: certificateAuthority } };

function answer(text: string): RequestListener {
  return (_request, response) => response.end(text);
}

test('speaks TLS with the authority of the kubeconfig, and keeps its connections', async () => {
  await withServer(answer('hello'), async ({ port, seen }) => {
    await withFetch({ server: `https://127.0.0.1:${port}/prefix`, ...trusted }, async (fetch) => {
      for (let time = 0; time < 6; time++) {
        const { status, body } = await fetch({ ...get, method: 'POST', body: 'a body' });
        assert.deepEqual([status, await bodyText(body)], [200, 'hello']);
      }
    });
    assert.equal(seen[0]?.url, '/prefix/version');
    // undici leaves a connection alone for one turn of the loop after an answer: one call after the other takes two.
    assert.ok(new Set(seen.map(({ socket }) => socket)).size <= 2);
  });
});

const tlsErrors: readonly [what: string, config: (port: number) => Partial<ClusterConfig> & { server: string }, message: RegExp][] = [
  ['another authority', (port) => ({ server: `https://127.0.0.1:${port}` }), /not from the certificate-authority of the kubeconfig/],
  ['another name', (port) => ({ server: `https://localhost:${port}`, ...trusted }), /is for another name: .*tls-server-name/],
];
for (const [what, config, message] of tlsErrors) {
  test(`a certificate of ${what} is refused, with what to do`, async () => {
    await withServer(answer(''), async ({ port }) => {
      await withFetch(config(port), (fetch) => assert.rejects(fetch(get), message).then(() => undefined));
    });
  });
}

test('tls-server-name and insecure-skip-tls-verify', async () => {
  await withServer(answer('hello'), async ({ port }) => {
    for (const config of [{ ...trusted, tlsServerName: 'api.example.com' }, { insecureSkipTlsVerify: true }]) {
      await withFetch({ server: `https://localhost:${port}`, ...config }, async (fetch) => assert.equal((await fetch(get)).status, 200));
    }
  });
});

test('shows its client certificate', async () => {
  await withServer(tellClient, async ({ port }) => {
    const own = { clientCertificate: { certificate: { pem: clientCertificate }, key: { pem: clientKey } } };
    await withFetch({ server: `https://127.0.0.1:${port}`, ...trusted, ...own }, async (fetch) => {
      assert.equal(await bodyText((await fetch(get)).body), 'client');
    });
  });
});

const authorize: RequestListener = (request, response) => {
  if (request.headers.authorization === 'Bearer right') response.end('hello');
  else response.writeHead(401).end();
};

test('a token of a file is read again when the server refuses it', async () => {
  const file = join(folder, 'token');
  writeFileSync(file, 'right\n');
  await withServer(
    authorize,
    async ({ port, seen }) => {
      await withFetch({ server: `http://127.0.0.1:${port}`, credentials: { type: 'token-file', file } }, async (fetch) => {
        assert.equal((await fetch(get)).status, 200);
        writeFileSync(file, 'wrong');
        assert.equal((await fetch(get)).status, 200, 'the token in use is good for a minute');
      });
      await withFetch({ server: `http://127.0.0.1:${port}`, credentials: { type: 'token-file', file } }, async (fetch) => {
        assert.equal((await fetch(get)).status, 401);
        writeFileSync(file, 'right');
        assert.equal((await fetch(get)).status, 200);
      });
      assert.equal(seen.length, 5);
    },
    false,
  );
});

test('a token file that is not there is an error that names it, unless there is a token besides', async () => {
  const file = join(folder, 'no-token');
  await withServer(
    authorize,
    async ({ port }) => {
      const server = `http://127.0.0.1:${port}`;
      await withFetch({ server, credentials: { type: 'token-file', file } }, (fetch) =>
        assert.rejects(fetch(get), /no-token can't be read/),
      );
      await withFetch({ server, credentials: { type: 'token-file', file, fallback: 'right' } }, async (fetch) => {
        assert.equal((await fetch(get)).status, 200);
      });
    },
    false,
  );
});

test('basic credentials, and the impersonation of the kubeconfig unless a call is made as another', async () => {
  await withServer(
    answer(''),
    async ({ port, seen }) => {
      const credentials = { type: 'basic', username: 'u', password: 'p' } as const;
      await withFetch(
        { server: `http://127.0.0.1:${port}`, credentials, impersonate: { user: 'bob', groups: ['a', 'b'] } },
        async (fetch) => {
          await fetch(get);
          await fetch({ ...get, headers: { 'impersonate-user': 'eve' } });
        },
      );
      assert.equal(seen[0]?.headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`);
      const groups = seen.map(({ rawHeaders }) => rawHeaders.filter((_value, index) => rawHeaders[index - 1] === 'impersonate-group'));
      assert.deepEqual(groups, [['a', 'b'], []]);
      assert.equal(seen[1]?.headers['impersonate-user'], 'eve');
    },
    false,
  );
});

function plugin(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function execCredentials(command: string): ClusterConfig['credentials'] {
  const apiVersion = 'client.authentication.k8s.io/v1';
  return {
    type: 'exec',
    exec: { apiVersion, command, args: ['an argument'], env: [{ name: 'WITH', value: 'env' }] },
    clusterInfo: { server: 'https://x' },
  };
}

function runs(log: string): string[] {
  return readFileSync(log, 'utf8').trim().split('\n');
}

const credential = (status: object) => JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status });

test('a plugin is run once for many requests, and again when its token expires or is refused', async () => {
  const log = join(folder, 'log');
  const output = join(folder, 'output');
  const command = plugin('login', `echo "$1 $WITH $KUBERNETES_EXEC_INFO" >> ${log}; cat ${output}`);
  writeFileSync(output, credential({ token: 'wrong' }));
  await withServer(
    authorize,
    async ({ port }) => {
      await withFetch({ server: `http://127.0.0.1:${port}`, credentials: execCredentials(command) }, async (fetch) => {
        assert.equal((await fetch(get)).status, 401);
        writeFileSync(output, credential({ token: 'right', expirationTimestamp: new Date(Date.now() + 300).toISOString() }));
        assert.deepEqual(await Promise.all([fetch(get), fetch(get)]).then((all) => all.map(({ status }) => status)), [200, 200]);
        const before = runs(log).length;
        await fetch(get);
        assert.equal(runs(log).length, before);
        await new Promise((resolve) => setTimeout(resolve, 310));
        await fetch(get);
        assert.equal(runs(log).length, before + 1);
        const [, argument, withEnv, info] = /^(an argument) (env) (.*)$/.exec(runs(log)[0] ?? '') ?? [];
        assert.deepEqual([argument, withEnv], ['an argument', 'env']);
        assert.deepEqual(JSON.parse(info ?? ''), {
          kind: 'ExecCredential',
          apiVersion: 'client.authentication.k8s.io/v1',
          spec: { interactive: false, cluster: { server: 'https://x' } },
        });
      });
    },
    false,
  );
});

test('a plugin may give a client certificate', async () => {
  const output = join(folder, 'certificate');
  writeFileSync(output, credential({ clientCertificateData: clientCertificate, clientKeyData: clientKey }));
  await withServer(tellClient, async ({ port }) => {
    const credentials = execCredentials(plugin('certify', `cat ${output}`));
    await withFetch({ server: `https://127.0.0.1:${port}`, ...trusted, credentials }, async (fetch) => {
      assert.equal(await bodyText((await fetch(get)).body), 'client');
    });
  });
});

const failures: readonly [script: string, message: RegExp][] = [
  ['exit 3', /gave no credentials: it ended with code 3/],
  ['echo s3cret', /what it printed is not JSON$/],
  [
    'echo \'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"}\'',
    /of client\.authentication\.k8s\.io\/v1beta1, not of/,
  ],
  [`echo '${credential({})}'`, /neither a token nor a client certificate/],
  [`echo '${credential({ token: 't', expirationTimestamp: 'soon' })}'`, /is not a time/],
];
for (const [script, message] of failures) {
  test(`a plugin that fails: ${script.slice(0, 40)}`, async () => {
    await withFetch({ server: 'http://127.0.0.1:1', credentials: execCredentials(plugin('fails', script)) }, (fetch) =>
      assert.rejects(fetch(get), (error: Error) => message.test(error.message) && !error.message.includes('s3cret')),
    );
  });
}

test('a plugin that is not installed: the hint says how to come by it', async () => {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sluice-no-such-command',
    installHint: 'Install it from somewhere.',
  };
  await withFetch({ server: 'http://127.0.0.1:1', credentials: { type: 'exec', exec } }, (fetch) =>
    assert.rejects(fetch(get), /ENOENT\nInstall it from somewhere\./),
  );
});

/** A proxy that counts the tunnels it opens. */
async function withProxy(task: (url: string, tunnels: string[]) => Promise<void>): Promise<void> {
  const tunnels: string[] = [];
  const proxy = createHttpServer();
  proxy.on('connect', (request, socket) => {
    const login = request.headers['proxy-authorization'] ?? 'no login';
    tunnels.push(`${request.url} ${login}`);
    if (request.url?.startsWith('forbidden') === true) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const [, port = ''] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  await listening(proxy);
  try {
    await task(`127.0.0.1:${(proxy.address() as AddressInfo).port}`, tunnels);
  } finally {
    await closed(proxy);
  }
}

test('goes through the proxy of the kubeconfig, with its login', async () => {
  await withServer(answer('hello'), (api) =>
    withProxy(async (proxy, tunnels) => {
      const config = { server: `https://127.0.0.1:${api.port}`, ...trusted, proxyUrl: `http://me:p%40ss@${proxy}` };
      await withFetch(config, async (fetch) => assert.equal(await bodyText((await fetch(get)).body), 'hello'));
      assert.deepEqual(tunnels, [`127.0.0.1:${api.port} Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
    }),
  );
});

test('goes through the proxy of the environment, but not to this machine', async () => {
  await withProxy(async (proxy, tunnels) => {
    const env = { HTTPS_PROXY: proxy };
    await withFetch(
      { server: 'https://forbidden.example.com' },
      (fetch) => assert.rejects(fetch(get), /the proxy http:\/\/127.* answered 403/),
      { env },
    );
    await withServer(answer('hello'), ({ port }) =>
      withFetch({ server: `https://127.0.0.1:${port}`, ...trusted }, async (fetch) => assert.equal((await fetch(get)).status, 200), {
        env,
      }),
    );
    assert.equal(tunnels.length, 1);
  });
});

test('streams come as they are sent, do not hold up calls, and end with their reader', async () => {
  const watches: ServerResponse[] = [];
  const ended: Promise<void>[] = [];
  const handler: RequestListener = (request, response) => {
    if (request.url !== '/watch') return void response.end('hello');
    ended.push(new Promise((resolve) => response.on('close', resolve)));
    watches.push(response);
    response.write(`first of ${watches.length}`);
  };
  await withServer(handler, async ({ port }) => {
    await withFetch(
      { server: `https://127.0.0.1:${port}`, ...trusted },
      async (fetch) => {
        const readers = await Promise.all(Array.from({ length: 5 }, () => fetch({ ...get, path: '/watch', stream: true })));
        assert.equal(await bodyText((await fetch(get)).body), 'hello');
        for (const { body } of readers) {
          const chunks = bodyChunks(body);
          assert.match(Buffer.from((await chunks.next()).value as Uint8Array).toString(), /^first of \d$/);
          await chunks.return(undefined);
        }
        await Promise.all(ended);
      },
      { connections: 1, env: {} },
    );
  });
});

test('a reader that is slow slows the sender down, and misses nothing', async () => {
  const size = 8 * 1024 * 1024;
  await withServer(
    (_request, response) => response.end(Buffer.alloc(size, 'x')),
    async ({ port }) => {
      await withFetch({ server: `http://127.0.0.1:${port}` }, async (fetch) => {
        const { body } = await fetch({ ...get, stream: true });
        let read = 0;
        for await (const chunk of bodyChunks(body)) {
          read += chunk.length;
          await new Promise((resolve) => setImmediate(resolve));
        }
        assert.equal(read, size);
      });
    },
    false,
  );
});

/** Answers watches with a beginning, and other requests not at all. */
const beginWatch: RequestListener = (request, response) => {
  if (request.url === '/watch') response.write('first');
};

test('a signal ends a request that waits, one that waits for a connection, and a stream', async () => {
  await withServer(
    beginWatch,
    async ({ port }) => {
      await withFetch(
        { server: `http://127.0.0.1:${port}` },
        async (fetch) => {
          const controller = new AbortController();
          const { signal } = controller;
          const { body } = await fetch({ ...get, path: '/watch', stream: true, signal });
          const waiting = [fetch({ ...get, signal }), fetch({ ...get, signal })];
          setTimeout(() => controller.abort(new Error('enough')), 20);
          await Promise.all([...waiting, bodyText(body)].map((ended) => assert.rejects(ended, /enough/)));
          await assert.rejects(fetch({ ...get, signal }), /enough/);
        },
        { connections: 1, env: {} },
      );
    },
    false,
  );
});

test('a server that is not there is named, and asked four times', async () => {
  await withFetch({ server: 'http://127.0.0.1:1' }, async (fetch) => {
    await assert.rejects(
      createCluster(fetch).raw('GET', '/version'),
      /^SluiceError: GET \/version: http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*is the API server running\?/,
    );
  });
});

const cutOff: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-length': '100' });
  response.write('half', () => response.destroy());
};

test('an answer that is cut off is an error', async () => {
  await withServer(
    cutOff,
    ({ port }) => withFetch({ server: `http://127.0.0.1:${port}` }, (fetch) => assert.rejects(fetch(get)).then(() => undefined)),
    false,
  );
});

test('asks for a token when it needs one, and for another when the last has expired or is refused', async () => {
  let count = 0;
  let lastsMs = 60_000;
  const issue = async () => ({ token: `t${++count}`, expires: Date.now() + lastsMs });
  const good = new Set(['Bearer t1', 'Bearer t3', 'Bearer t4', 'Bearer t5']);
  const handler: RequestListener = ({ headers }, response) => {
    response.writeHead(good.has(headers.authorization ?? '') ? 200 : 401).end(headers.authorization);
  };
  await withServer(handler, async ({ port }) => {
    await withFetch({ server: `https://127.0.0.1:${port}`, ...trusted, credentials: { type: 'issued', issue } }, async (fetch) => {
      const said = async (): Promise<string> => bodyText((await fetch(get)).body);
      assert.deepEqual(await Promise.all([said(), said()]), ['Bearer t1', 'Bearer t1']);
      assert.equal(await said(), 'Bearer t1');
      good.delete('Bearer t1');
      count = 2;
      assert.equal(await said(), 'Bearer t3');
      lastsMs = 0;
      good.delete('Bearer t3');
      assert.equal(await said(), 'Bearer t4');
      assert.equal(await said(), 'Bearer t5');
      // It was new, so that another one would be refused, too.
      assert.equal((await fetch(get)).status, 401);
      assert.equal(count, 6);
    });
  });
});
