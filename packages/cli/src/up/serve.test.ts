import assert from 'node:assert/strict';
import { request, type ClientRequest } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { serveHttp, type HttpService } from './serve.js';

const MIB = 1024 * 1024;

describe('requests from anybody', () => {
  let service: HttpService;
  const held: (() => void)[] = [];
  before(async () => {
    service = await serveHttp(async ({ path, body = '' }) => {
      if (path === '/slow') await new Promise<void>((resolve) => held.push(resolve));
      return { status: body.length > 3 * MIB ? 413 : 200, headers: {}, body: '' };
    }, 0);
  });
  after(() => service.close());

  /** The status of the answer; 0 where there is none. */
  const post = (path: string, bytes: number): Promise<number> =>
    new Promise((resolve) => {
      const sent: ClientRequest = request(`${service.url}${path}`, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', () => resolve(0));
      sent.end(Buffer.alloc(bytes));
    });

  test('one that is too long is for the handler to refuse, which is not handed all of it', async () => {
    assert.equal(await post('/', 3 * MIB), 200);
    assert.equal(await post('/', 3 * MIB + 1), 413);
    assert.equal(await post('/', 30 * MIB), 413);
  });

  test('what all of them bring with them is bounded; others are refused until some are answered', async () => {
    const waiting = Array.from({ length: 21 }, () => post('/slow', 3 * MIB));
    while (held.length < 21) await new Promise((resolve) => setTimeout(resolve, 10));
    // 63 of 64 MiB wait.
    assert.equal(await post('/', 2 * MIB), 503);
    assert.equal(await post('/', 1000), 200);
    for (const answer of held) answer();
    assert.deepEqual([...new Set(await Promise.all(waiting))], [200]);
    assert.equal(await post('/', 3 * MIB), 200);
  });
});
