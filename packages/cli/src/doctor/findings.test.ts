import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { conditionsOf, gitRepository, kustomization, type FluxKind } from '../kinds/index.js';
import { adviceFor } from './advice.js';
import { placeInSource, quoted } from './evidence.js';
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

test('what is being worked on is the cause of what waits for it, and no fault', () => {
  const objects = [
    made(kustomization, 'infra', { ready: ['Unknown', 'Progressing', 'working'] }),
    made(kustomization, 'shop', { spec: { dependsOn: [{ name: 'infra' }] }, ready: ['False', 'DependencyNotReady', 'infra is not ready'] }),
  ];
  const findings = findingsOf([{ kind: kustomization, objects }], Date.parse(HOUR_AGO) + 1000);
  assert.deepEqual(
    findings.map(({ severity, subject, waiting }) => ({ severity, subject, waiting })),
    [{ severity: 'note', subject: 'Kustomization/apps/infra', waiting: ['Kustomization/apps/shop'] }],
  );
});

test('of several things that are wrong with what an object needs the worst is the cause', () => {
  const objects = [
    made(kustomization, 'paused', { spec: { suspend: true }, ready: fine }),
    made(kustomization, 'failed', { ready: ['False', 'BuildFailed', 'x'] }),
    made(kustomization, 'shop', {
      spec: { dependsOn: [{ name: 'paused' }, { name: 'failed' }] },
      ready: ['False', 'DependencyNotReady', 'failed is not ready'],
    }),
  ];
  assert.deepEqual(
    findingsOf([{ kind: kustomization, objects }], NOW).map(({ subject, waiting }) => [subject, waiting]),
    [
      ['Kustomization/apps/failed', ['Kustomization/apps/shop']],
      ['Kustomization/apps/paused', []],
    ],
  );
});

test('what must not be read is not missing', () => {
  const objects = [made(kustomization, 'shop', { spec: from('fleet'), ready: fine })];
  const examined = [
    { kind: gitRepository, objects: [] },
    { kind: kustomization, objects },
  ];
  assert.deepEqual(findingsOf(examined, NOW, new Set(['GitRepository/apps/fleet'])), []);
  assert.match(findingsOf(examined, NOW)[0]?.advice ?? '', /^make GitRepository\/apps\/fleet/);
});

const quotes: readonly [message: string, before: readonly string[], shown: string][] = [
  ['it broke', [], 'Failed 1m ago: it broke'],
  ['it broke', ['it broke'], 'Failed 1m ago: the same'],
  ['it broke\n\nthe log', ['', 'it broke'], 'Failed 1m ago: the same, and\nthe log'],
  ['something else', ['it broke'], 'Failed 1m ago: something else'],
];
for (const [message, before, shown] of quotes) {
  test(`an event is quoted once: ${shown}`, () => assert.equal(quoted({ about: 'Failed 1m ago', message }, before), shown));
}

test('of objects that wait for each other one is told, with all that waits for it', () => {
  const objects = Object.entries({ a: 'b', b: 'a', c: 'b' }).map(([name, dependency]) =>
    made(kustomization, name, { spec: { dependsOn: [{ name: dependency }] }, ready: ['False', 'DependencyNotReady', 'a circle'] }),
  );
  assert.deepEqual(
    findingsOf([{ kind: kustomization, objects }], NOW).map(({ subject, waiting }) => ({ subject, waiting })),
    [{ subject: 'Kustomization/apps/a', waiting: ['Kustomization/apps/b', 'Kustomization/apps/c'] }],
  );
});

test('a failure that is being tried again is one', () => {
  const object = made(kustomization, 'shop', { ready: ['Unknown', 'Progressing', 'Running health checks'] });
  const conditions = [...conditionsOf(object), retrying];
  const [finding] = findingsOf([{ kind: kustomization, objects: [{ ...object, status: { conditions } }] }], NOW);
  assert.deepEqual([finding?.severity, finding?.problem], ['broken', 'has failed, and is tried again']);
});
const retrying = { type: 'Reconciling', status: 'True', reason: 'ProgressingWithRetry', message: 'health check failed' };

const advised: readonly [message: string, advice: RegExp][] = [
  [`failed to get secret 'apps/git': secrets "git" not found`, /^make Secret apps\/git, or correct its name/],
  ['configmaps "vars" not found', /^make ConfigMap apps\/vars/],
  ['authentication required', /^check the credentials/],
  ['nothing that is known', /^undefined$/],
];
for (const [message, advice] of advised)
  test(`advice about: ${message}`, () => {
    assert.match(String(adviceFor(made(kustomization, 'shop', { ready: ['False', 'Failed', message] }))), advice);
  });

const places: readonly [message: string, place: string | undefined][] = [
  ["accumulating resources from './x.yaml': bad in File: ./x.yaml [apps/x.yaml:4]", 'apps/x.yaml:4'],
  ['decryption of apps/s.yaml failed', 'apps/s.yaml'],
  ['GET http://127.0.0.1:9/charts/index.yaml: connect ECONNREFUSED', undefined],
];
for (const [message, place] of places)
  test(`a place in Git: ${message}`, () => {
    assert.equal(placeInSource(made(kustomization, 'shop', {}), undefined, [message])[0]?.[1], place);
  });
