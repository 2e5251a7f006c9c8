import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HelmRepository } from '@sluice/api';
import type { ChartRepository } from '@sluice/sources';
import { createDownloads } from './downloads.js';

const CHART = { name: 'demo', version: '1.0.0', urls: ['demo-1.0.0.tgz'], created: '' };

function repository(uid: string, digest: string): HelmRepository {
  const artifact = { digest, path: 'index.yaml', revision: digest, lastUpdateTime: '', url: '' };
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'HelmRepository',
    metadata: { name: 'repo', uid, generation: 1 },
    spec: { url: 'https://charts.example.com' },
    status: { artifact },
  };
}

test('an archive is downloaded once for all who want it at the same time, and for nobody with other credentials or another index', async () => {
  let count = 0;
  let fails = true;
  const charts = {
    async download() {
      count++;
      await Promise.resolve();
      if (fails) throw new Error('not now');
      return Buffer.from('archive');
    },
  } as unknown as ChartRepository;
  const downloads = createDownloads();
  const get = (uid: string, digest: string): Promise<Uint8Array> => downloads.shared(repository(uid, digest), charts).download(CHART);
  await assert.rejects(get('a', 'sha256:1'), /not now/);
  fails = false;
  const [one, two] = await Promise.all([get('a', 'sha256:1'), get('a', 'sha256:1')]);
  assert.equal(one, two);
  assert.equal(count, 2);
  await get('b', 'sha256:1');
  await get('a', 'sha256:2');
  assert.equal(count, 4);
});
