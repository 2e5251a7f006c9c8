import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { createCluster } from '../client/create-cluster.js';
import { networkFetch } from '../network/network-fetch.js';
import { podLogs } from './pod-logs.js';
import { portForward } from './port-forward.js';

const POD = { namespace: 'apps', name: 'web' };

test('the lines of a log come as they are written, empty and unfinished ones included', async () => {
  const asked: string[] = [];
  const cluster = createCluster(async ({ path, stream }) => {
    asked.push(path);
    assert.equal(stream, true);
    const chunks = ['first\nsec', 'ond\n\nunfin', 'ished'];
    return {
      status: 200,
      headers: {},
      body: (async function* () {
        for (const chunk of chunks) yield Buffer.from(chunk);
      })(),
    };
  });
  const lines: string[] = [];
  for await (const line of podLogs(cluster, POD, { container: 'app', follow: true, tailLines: 10 })) lines.push(line);
  assert.deepEqual(lines, ['first', 'second', '', 'unfinished']);
  assert.deepEqual(asked, ['/api/v1/namespaces/apps/pods/web/log?container=app&follow=true&tailLines=10']);
});

test('a log that is refused is an error', async () => {
  const body = JSON.stringify({ kind: 'Status', code: 400, reason: 'BadRequest', message: 'container "x" is not valid for pod web' });
  const cluster = createCluster(async () => ({ status: 400, headers: {}, body }));
  await assert.rejects(async () => {
    for await (const line of podLogs(cluster, POD)) assert.fail(line);
  }, /container "x" is not valid/);
});

/** The pod's side of a port-forward: answers what comes in upper case, or with an error. */
async function withPod(error: string | undefined, task: (port: number, paths: string[]) => Promise<void>): Promise<void> {
  const paths: string[] = [];
  const sockets: Socket[] = [];
  const server: Server = createServer();
  server.on('upgrade', (request, socket: Socket) => {
    paths.push(`${request.url} ${request.headers['sec-websocket-protocol']}`);
    sockets.push(socket);
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`,
    );
    for (const channel of [0, 1]) socket.write(frame(Buffer.of(channel, 0x90, 0x1f)));
    if (error !== undefined) socket.write(frame(Buffer.concat([Buffer.of(1), Buffer.from(error)])));
    let received = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (let next = unframed(received); next !== undefined; next = unframed(received)) {
        received = received.subarray(next.size);
        if (next.opcode === 8) socket.end();
        else socket.write(frame(Buffer.concat([Buffer.of(0), Buffer.from(next.payload.subarray(1).toString().toUpperCase())])));
      }
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await task((server.address() as AddressInfo).port, paths);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** A binary WebSocket frame of a server (RFC 6455); short ones are enough. */
function frame(payload: Buffer): Buffer {
  assert.ok(payload.length < 126);
  return Buffer.concat([Buffer.of(0x82, payload.length), payload]);
}

function unframed(bytes: Buffer): { readonly opcode: number; readonly payload: Buffer; readonly size: number } | undefined {
  if (bytes.length < 6) return undefined;
  const length = bytes.readUInt8(1) & 0x7f;
  const size = 6 + length;
  if (bytes.length < size) return undefined;
  const mask = bytes.subarray(2, 6);
  const payload = Buffer.from(bytes.subarray(6, size).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return { opcode: bytes.readUInt8(0) & 0x0f, payload, size };
}

function configFor(port: number) {
  const server = `http://127.0.0.1:${port}`;
  return { context: '', server, namespace: 'default', insecureSkipTlsVerify: false, credentials: { type: 'token', token: 't' } } as const;
}

test('forwards each connection to the port of the pod', async () => {
  await withPod(undefined, async (apiPort, paths) => {
    const fetch = networkFetch(configFor(apiPort), { env: {} });
    const forwarded = await portForward(fetch, POD, { port: 8080, onError: (error) => assert.fail(String(error)) });
    const answers = await Promise.all(['one', 'two'].map((text) => talk(forwarded.port, text)));
    assert.deepEqual(answers, ['ONE', 'TWO']);
    assert.deepEqual(paths, Array(2).fill('/api/v1/namespaces/apps/pods/web/portforward?ports=8080 v4.channel.k8s.io'));
    await forwarded.close();
    await fetch.close();
  });
});

test('what goes wrong in the pod is told, and ends the connection', async () => {
  await withPod('connection refused', async (apiPort) => {
    const fetch = networkFetch(configFor(apiPort), { env: {} });
    const errors: unknown[] = [];
    const forwarded = await portForward(fetch, POD, { port: 8080, onError: (error) => errors.push(error) });
    assert.equal(await talk(forwarded.port, ''), '');
    assert.match(String(errors[0]), /port-forward: connection refused/);
    await forwarded.close();
    await fetch.close();
  });
});

/** What comes back for a text, to its end or until it is as long. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
      if (received.length >= text.length) socket.end();
    });
    socket.on('close', () => resolve(received)).on('error', reject);
  });
}
