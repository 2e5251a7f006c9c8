import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { recordedRoot } from '../testing/recorded.js';
import type { Release } from './release.js';
import { createChartPacking, decodeRelease, encodeRelease, type ReleaseSecret } from './storage.js';

const folder = join(recordedRoot, 'helm/sdk/releases');
const names = existsSync(folder) ? readdirSync(folder).filter((name) => /\.v\d+\.json$/.test(name)) : [];

if (names.length === 0) test('the recorded releases', { skip: 'the recorded data is not on this machine' }, () => undefined);

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

for (const name of names) {
  test(`${name} is read and written as Helm does`, () => {
    const secret = read(name) as ReleaseSecret;
    const decoded = read(name.replace(/\.json$/, '.decoded.json')) as Release;
    const { release, labels } = decodeRelease(secret);
    assert.deepEqual(release, decoded);
    const { createdAt, modifiedAt } = secret.metadata.labels ?? {};
    const again = encodeRelease(release, {
      labels,
      ...(createdAt !== undefined && { createdAt: Number(createdAt) * 1_000 }),
      ...(modifiedAt !== undefined && { modifiedAt: Number(modifiedAt) * 1_000 }),
    });
    assert.equal(again.metadata.name, secret.metadata.name);
    assert.deepEqual(again.metadata.labels, secret.metadata.labels);
    assert.equal(again.type, secret.type);
    assert.deepEqual(decodeRelease(again).release, decoded);
  });
}

const release: Release = {
  name: 'web',
  namespace: 'apps',
  version: 1,
  info: { status: 'deployed' },
  chart: { metadata: { name: 'c' }, lock: null, templates: null, values: null, schema: null, files: null },
  manifest: '',
};

const secretOf = (data: string | Uint8Array): KubeObject & { readonly data: unknown } => ({
  ...encodeRelease(release),
  data: { release: Buffer.from(data).toString('base64') },
});

for (const [why, data, message] of [
  ['no base64', '%%%', /unexpected end of JSON input/],
  ['no gzip behind the mark', Buffer.from([0x1f, 0x8b, 8, 1, 2, 3]).toString('base64'), /does not hold a release/],
  ['no JSON', gzipSync('nope').toString('base64'), /invalid character/],
  ['no release', gzipSync('{"name": "web"}').toString('base64'), /lacks a name/],
] as const) {
  test(`a Secret with ${why} is refused`, () => {
    assert.throws(() => decodeRelease(secretOf(data)), { reason: 'ReleaseInvalid', message });
  });
}

test('a release without compression is read', () => {
  assert.deepEqual(decodeRelease(secretOf(Buffer.from(JSON.stringify(release)).toString('base64'))).release, release);
});

test('a release that no Secret can hold is refused, and so are labels of the system', () => {
  const noise = Array.from({ length: 120_000 }, (_, index) => Math.sin(index).toString(36)).join('');
  assert.throws(() => encodeRelease({ ...release, manifest: noise }), { reason: 'ReleaseInvalid', message: /bytes large/ });
  assert.throws(() => encodeRelease(release, { labels: { owner: 'me' } }), { message: /system reserved label/ });
});

test('a chart is packed once for all releases that are equal in it', () => {
  const packChart = createChartPacking();
  const bytes = packChart(release.chart);
  assert.equal(packChart(release.chart), bytes);
  // Read again, it is another object.
  const again = decodeRelease(encodeRelease(release, { packChart })).release;
  assert.deepEqual(again, release);
  assert.equal(packChart(again.chart), bytes);
  assert.notEqual(packChart({ ...release.chart, values: { other: 1 } }), bytes);
});
