import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { parseYamlDocuments } from '@sluice/yaml';
import { crdOf, crdYaml, customResources, gitRepository, validateResource, type GitRepository, type Kustomization } from './index.js';

const repository: GitRepository = {
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'GitRepository',
  metadata: { name: 'fleet', namespace: 'flux-system' },
  spec: { url: 'https://example.com/fleet', interval: '1m', ref: { branch: 'main' } },
};

const kustomization: Kustomization = {
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name: 'apps', namespace: 'flux-system' },
  spec: { interval: '10m', prune: true, sourceRef: { kind: 'GitRepository', name: 'fleet' } },
};

test('the definitions print as YAML, one document for each kind', () => {
  const documents = parseYamlDocuments(crdYaml());
  assert.deepEqual(
    documents.map(({ value }) => (value as unknown as KubeObject).metadata.name),
    customResources.map(({ plural, group }) => `${plural}.${group}`),
  );
  assert.deepEqual(parseYamlDocuments(crdYaml([gitRepository]))[0]?.value, JSON.parse(JSON.stringify(crdOf(gitRepository))));
});

describe('checking objects', () => {
  test('a good one gets its defaults', () => {
    assert.deepEqual(validateResource(repository), {
      object: { ...repository, spec: { ...repository.spec, timeout: '60s' }, status: { observedGeneration: -1 } },
      unknown: [],
      errors: [],
      warnings: [],
    });
  });

  test('faults and unknown fields are named', () => {
    const checked = validateResource({
      ...repository,
      spec: { url: 'git@example.com:fleet.git', interval: 'often', branch: 'main', ref: { tag: 1 } },
    });
    // The one without a field says that rules were not asked, as the API server does.
    assert.deepEqual(checked?.errors.map(({ field }) => field).sort(), ['<nil>', 'spec.interval', 'spec.ref.tag', 'spec.url']);
    assert.deepEqual(checked?.unknown, ['spec.branch']);
  });

  test('rules are asked', () => {
    const checked = validateResource({ ...repository, spec: { ...repository.spec, serviceAccountName: 'fleet' } });
    assert.deepEqual(
      checked?.errors.map(({ field, message }) => `${field}: ${message}`),
      [`spec: Invalid value: "object": serviceAccountName can only be set when provider is 'azure' or 'aws'`],
    );
  });

  test('what an older version loses on the way to the stored one is refused', () => {
    const checked = validateResource({
      ...kustomization,
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1beta2',
      spec: { ...kustomization.spec, patchesStrategicMerge: [{ kind: 'Deployment' }] },
    });
    assert.match(checked?.errors.map(({ message }) => message).join() ?? '', /must have at most 0 items|Too many: 1/);
  });

  test('an older version is warned of', () => {
    assert.deepEqual(validateResource({ ...kustomization, apiVersion: 'kustomize.toolkit.fluxcd.io/v1beta1' })?.warnings, [
      'v1beta1 Kustomization is deprecated, upgrade to v1',
    ]);
  });

  test('other kinds are none of ours', () => {
    assert.equal(validateResource({ apiVersion: 'v1', kind: 'Secret', metadata: {} }), undefined);
    assert.equal(validateResource({ ...kustomization, apiVersion: 'kustomize.toolkit.fluxcd.io/v9' }), undefined);
    assert.equal(validateResource({ ...kustomization, apiVersion: 'kustomize.config.k8s.io/v1' }), undefined);
  });
});
