import { SluiceError, type KubeObject } from '@sluice/core';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealthReader, type HealthSource } from './health-reader.js';

const foo = (status: object, kind = 'Foo'): KubeObject => ({ apiVersion: 'x.io/v1beta1', kind, metadata: { name: 'a' }, status });
const ready = { current: "status.phase == 'Ready'" };

test('expressions count for their kind in any version, or for all kinds of a group; kstatus for the rest', () => {
  const ofKind = createHealthReader([{ apiVersion: 'x.io/v1', kind: 'Foo', ...ready }]);
  assert.equal(ofKind.compute(foo({ phase: 'Ready' })).status, 'Current');
  assert.equal(ofKind.compute(foo({ phase: 'Making' })).status, 'InProgress');
  assert.equal(ofKind.compute(foo({ phase: 'Making' }, 'Bar')).status, 'Current');
  const ofGroup = createHealthReader([{ apiVersion: 'x.io/v1', kind: '', ...ready }]);
  assert.equal(ofGroup.compute(foo({ phase: 'Making' }, 'Bar')).status, 'InProgress');
});

test('an expression that fails on an object makes its health Unknown, and says why', () => {
  const reader = createHealthReader([{ apiVersion: 'x.io/v1', kind: 'Foo', ...ready }]);
  const { status, error } = reader.compute(foo({}));
  assert.equal(status, 'Unknown');
  assert.match(error ?? '', /failed to evaluate the CEL expression 'status\.phase == 'Ready'': no such key: phase/);
});

test('a Provider whose service is away is waited for by nobody, unless an expression asks for it', () => {
  const failing = { type: 'Ready', status: 'False', reason: 'NotificationFailed', message: 'it answered 503' };
  const provider: KubeObject = {
    apiVersion: 'notification.toolkit.fluxcd.io/v1beta3',
    kind: 'Provider',
    metadata: { name: 'a', generation: 2 },
    status: { conditions: [failing], observedGeneration: -1 },
  };
  assert.equal(createHealthReader().compute(provider).status, 'Current');
  const deleted = { ...provider, metadata: { ...provider.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  assert.equal(createHealthReader().compute(deleted).status, 'Terminating');
  const current = "status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')";
  const asked = createHealthReader([{ apiVersion: provider.apiVersion, kind: 'Provider', current }]);
  assert.equal(asked.compute({ ...provider, status: { conditions: [failing] } }).status, 'InProgress');
});

const refused: readonly [checks: Parameters<typeof createHealthReader>[0], message: RegExp][] = [
  [[{ apiVersion: 'x.io/v1', kind: 'Foo', current: '' }], /healthchecks\[0\]: expression Current not specified/],
  [[{ apiVersion: 'x.io/v1', kind: 'Foo', current: 'a b' }], /healthchecks\[0\]: failed to parse the expression Current: .*a b/],
  [
    [
      { apiVersion: 'x.io/v1', kind: 'Foo', ...ready },
      { apiVersion: 'x.io/v2', kind: 'Foo', ...ready },
    ],
    /duplicate custom health check for GroupKind Foo\.x\.io at healthchecks\[1\]/,
  ],
];
for (const [checks, message] of refused) test(`refused: ${message.source}`, () => assert.throws(() => createHealthReader(checks), message));

function failing(error: unknown): HealthSource {
  const fail = async () => {
    throw error;
  };
  return { get: fail, list: fail };
}

test('what can not be read is Unknown; a kind that is not served, NotFound', async () => {
  const reader = createHealthReader();
  const key = { apiVersion: 'x.io/v1', kind: 'Foo', name: 'a' };
  assert.deepEqual(await reader.read(failing(new Error('no connection')), key), {
    status: 'Unknown',
    message: '',
    conditions: [],
    error: 'no connection',
  });
  assert.equal((await reader.read(failing(new SluiceError('KubeKindUnknown', 'no')), key)).status, 'NotFound');
});

test('a StatefulSet whose selector is empty does not fail by the Pods of others', async () => {
  const set: KubeObject = { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 's', namespace: 'n' }, spec: { selector: {} } };
  const source = { get: async () => set, list: () => assert.fail('nothing is to be listed') };
  assert.equal(
    (await createHealthReader().read(source, { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'n', name: 's' })).status,
    'InProgress',
  );
});
