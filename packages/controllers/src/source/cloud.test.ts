import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createRegistry } from '@sluice/runtime';
import { createCloudIdentities } from './cloud.js';

const ENV = { AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'client', AZURE_CLIENT_SECRET: 'secret' };
const object = { apiVersion: 'v1', kind: 'Bucket', metadata: { name: 'b', namespace: 'ns' } };

describe('identities of clouds', () => {
  let asked: string[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(new URLSearchParams(body).get('scope') ?? '');
      response.writeHead(status).end(JSON.stringify({ access_token: `token-${asked.length}`, expires_in: 3600 }));
    });
  });
  let authority = '';
  before(async () => {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    authority = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  test('are asked for once, and counted by who needs them', async () => {
    asked = [];
    const registry = createRegistry();
    const pool = createCloudIdentities(registry);
    const access = { env: { ...ENV, AZURE_AUTHORITY_HOST: authority } };
    const hub = 'https://eventhubs.azure.net';
    assert.equal(await pool.of(object).azure(hub, access)(), 'token-1');
    assert.equal(await pool.of(object, 'post').azure(hub, access)(), 'token-1');
    assert.deepEqual(asked, [`${hub}/.default`]);
    const text = await registry.render();
    const labels = 'kind="Bucket",name="b",namespace="ns"';
    assert.ok(text.includes(`gotk_token_cache_events_total{event_type="cache_miss",${labels},operation="reconcile"} 1\n`), text);
    assert.ok(text.includes(`gotk_token_cache_events_total{event_type="cache_hit",${labels},operation="post"} 1\n`), text);
    assert.match(text, /^gotk_token_cache_requests_total\{status="success"\} 2$/m);
    assert.match(text, /^gotk_token_cached_items 2$/m);
  });

  test('that are refused are counted as failures, and asked for again', async () => {
    status = 400;
    const registry = createRegistry();
    const access = { env: { ...ENV, AZURE_AUTHORITY_HOST: authority } };
    const token = createCloudIdentities(registry).of(object).azure('https://storage.azure.com', access);
    await assert.rejects(token(), { reason: 'SourceAuthenticationFailed' });
    status = 200;
    assert.match(await token(), /^token-/);
    assert.match(await registry.render(), /^gotk_token_cache_requests_total\{status="failure"\} 1$/m);
  });

  test('that nobody has needed for long are forgotten', async () => {
    const registry = createRegistry();
    const pool = createCloudIdentities(registry).of(object);
    for (let proxy = 0; proxy < 600; proxy++) pool.google('scope', { proxy: `http://proxy-${proxy}` });
    const text = await registry.render();
    assert.match(text, /^gotk_token_cached_items 500$/m);
    assert.match(text, /^gotk_token_cache_evictions_total 101$/m);
  });
});
