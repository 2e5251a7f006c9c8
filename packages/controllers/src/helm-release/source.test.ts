import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HelmRelease } from '@sluice/api';
import type { KubeObject } from '@sluice/core';
import { memoryCache } from '@sluice/runtime/testing';
import { readyArtifact, resolveSource } from './source.js';
import { helmDefaults } from './settings.js';

const release = {
  apiVersion: 'helm.toolkit.fluxcd.io/v2',
  kind: 'HelmRelease',
  metadata: { name: 'app', namespace: 'apps' },
  spec: { interval: '1m', chart: { spec: { chart: 'x', sourceRef: { kind: 'HelmRepository', name: 'r' } } } },
} as HelmRelease;

function chart(resourceVersion: string, generation: number, observedGeneration: number): KubeObject {
  const status = { observedGeneration, artifact: { path: 'p', url: 'u', revision: '1.0.0', digest: 'sha256:1', lastUpdateTime: '' } };
  const metadata = { name: 'apps-app', namespace: 'apps', resourceVersion, generation };
  return Object.assign({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'HelmChart', metadata }, { status });
}

function resolve(cached: KubeObject | undefined, applied: KubeObject | undefined): KubeObject {
  const cache = memoryCache();
  if (cached !== undefined) cache.put(cached);
  return resolveSource(release, { HelmChart: cache, OCIRepository: cache, ExternalArtifact: cache }, helmDefaults, applied);
}

describe('the source of a chart', () => {
  const seen = chart('10', 1, 1);
  const written = chart('11', 2, 1);

  test('is what was written just now, when the watch does not show it yet: the artifact of before is not what is meant', () => {
    assert.equal(resolve(seen, undefined), seen);
    assert.equal(resolve(seen, written), written);
    assert.equal(resolve(undefined, written), written);
    assert.throws(
      () => readyArtifact(resolve(seen, written), helmDefaults, Math.random),
      /latest generation of object has not been reconciled/,
    );
  });

  test('is what the watch shows, when that is newer', () => {
    const newer = chart('12', 2, 2);
    assert.equal(resolve(newer, written), newer);
  });
});
