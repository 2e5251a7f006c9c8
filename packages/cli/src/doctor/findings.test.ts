import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { gitRepository, kustomization, type FluxKind } from '../kinds/index.js';
import { findingsOf } from './findings.js';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const HOUR_AGO = '2026-01-01T11:00:00Z';

interface Made {
  readonly spec?: object;
  readonly ready?: readonly [status: string, reason: string, message: string];
  readonly generation?: number;
}

function made({ apiVersion, kind }: FluxKind, name: string, { spec = {}, ready, generation = 1 }: Made): KubeObject {
  const conditions =
    ready === undefined ? [] : [{ type: 'Ready', status: ready[0], reason: ready[1], message: ready[2], lastTransitionTime: HOUR_AGO }];
  const metadata = { name, namespace: 'apps', generation, creationTimestamp: HOUR_AGO };
  return { apiVersion, kind, metadata, spec, status: { observedGeneration: 1, conditions } };
}

const from = (name: string) => ({ sourceRef: { kind: 'GitRepository', name } });
const fine: Made['ready'] = ['True', 'Succeeded', 'done'];

test('what fails because of something else is told there, not again', () => {
  const [finding, ...others] = findingsOf(
    [
      {
        kind: gitRepository,
        objects: [made(gitRepository, 'fleet', { ready: ['False', 'GitOperationFailed', 'authentication required'] })],
      },
      {
        kind: kustomization,
        objects: [
          made(kustomization, 'infra', { spec: from('fleet'), ready: ['False', 'ArtifactFailed', 'source is not ready'] }),
          made(kustomization, 'shop', {
            spec: { ...from('fleet'), dependsOn: [{ name: 'infra' }] },
            ready: ['False', 'DependencyNotReady', 'infra'],
          }),
        ],
      },
    ],
    NOW,
  );
  assert.equal(finding?.subject, 'GitRepository/apps/fleet');
  assert.deepEqual(finding.waiting, ['Kustomization/apps/infra', 'Kustomization/apps/shop']);
  assert.deepEqual(others, []);
});

const single: readonly [what: string, object: Made, severity: string | undefined][] = [
  ['ready', { ready: fine }, undefined],
  ['failed', { ready: ['False', 'BuildFailed', 'apps/x.yaml:3: bad'] }, 'broken'],
  ['suspended', { spec: { suspend: true }, ready: fine }, 'note'],
  ['never reconciled', {}, 'stuck'],
  ['without an end', { ready: ['Unknown', 'Progressing', 'running'] }, 'stuck'],
  ['changed and not taken up', { ready: fine, generation: 2 }, 'stuck'],
  ['a source that is missing', { spec: from('nobody'), ready: fine }, 'broken'],
];
for (const [what, object, severity] of single) {
  test(`a Kustomization: ${what}`, () => {
    const findings = findingsOf(
      [
        { kind: gitRepository, objects: [] },
        { kind: kustomization, objects: [made(kustomization, 'shop', object)] },
      ],
      NOW,
    );
    assert.equal(findings[0]?.severity, severity);
  });
}

test('what is suspended matters when something waits for it', () => {
  const objects = [
    made(kustomization, 'infra', { spec: { suspend: true }, ready: ['Unknown', 'Progressing', 'suspended meanwhile'] }),
    made(kustomization, 'shop', { spec: { dependsOn: [{ name: 'infra' }] }, ready: ['False', 'DependencyNotReady', 'infra is not ready'] }),
  ];
  const findings = findingsOf([{ kind: kustomization, objects }], NOW);
  assert.deepEqual(
    findings.map(({ severity, subject, waiting }) => ({ severity, subject, waiting })),
    [{ severity: 'stuck', subject: 'Kustomization/apps/infra', waiting: ['Kustomization/apps/shop'] }],
  );
});

test('objects that depend on each other end the search', () => {
  const objects = ['a', 'b'].map((name) =>
    made(kustomization, name, {
      spec: { dependsOn: [{ name: name === 'a' ? 'b' : 'a' }] },
      ready: ['False', 'DependencyNotReady', 'a circle'],
    }),
  );
  assert.ok(findingsOf([{ kind: kustomization, objects }], NOW).length <= 2);
});
