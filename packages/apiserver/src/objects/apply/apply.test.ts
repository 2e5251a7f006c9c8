import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJsonObject, type KubeObject } from '@sluice/core';
import * as fc from 'fast-check';
import {
  applyObject,
  ApplyConflict,
  builtinType,
  canonicalObject,
  customType,
  keepUnchanged,
  type ObjectType,
  Refusal,
  trackUpdate,
} from '../index.js';

const now = '2026-01-01T00:00:00Z';
const later = '2026-01-01T01:00:00Z';

const widget = customType({
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          text: { type: 'string' },
          count: { type: 'integer' },
          tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
          items: {
            type: 'array',
            items: {
              type: 'object',
              required: ['name'],
              properties: { name: { type: 'string' }, size: { type: 'integer' }, on: { type: 'boolean' } },
            },
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
          },
          whole: { type: 'array', items: { type: 'string' } },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
  },
});

const unique = <T>(values: fc.Arbitrary<T>, by: (value: T) => unknown): fc.Arbitrary<T[]> =>
  fc.uniqueArray(values, { maxLength: 3, selector: by });
const word = fc.constantFrom('a', 'b', 'c', '__proto__');
const item = fc.record(
  { name: fc.constantFrom('x', 'y', 'z'), size: fc.integer({ min: 0, max: 2 }), on: fc.boolean() },
  { requiredKeys: ['name'] },
);
const spec = fc.record(
  {
    text: fc.constantFrom('one', 'two'),
    count: fc.integer({ min: 0, max: 2 }),
    tags: unique(word, (tag) => tag),
    items: unique(item, ({ name }) => name),
    whole: fc.array(word, { maxLength: 2 }),
    labels: fc.dictionary(fc.constantFrom('k', 'l'), word, { minKeys: 1, maxKeys: 2 }),
    free: fc.dictionary(fc.constantFrom('p', 'q'), fc.oneof(word, fc.dictionary(word, fc.integer())), { minKeys: 1, maxKeys: 2 }),
  },
  { requiredKeys: [] },
);
const config = spec.map((of): KubeObject => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: of }));

function apply(
  live: KubeObject | undefined,
  applied: KubeObject,
  manager: string,
  options: { force?: boolean; type?: ObjectType; at?: string } = {},
): KubeObject {
  const next = applyObject({ live, applied, manager, type: options.type ?? widget, force: options.force === true, now: options.at ?? now });
  return { ...next, metadata: { ...next.metadata, uid: 'u' } };
}

test('applying twice is the same as once', () => {
  fc.assert(
    fc.property(config, config, config, (first, second, mine) => {
      const live = apply(apply(undefined, first, 'alice'), second, 'bob', { force: true });
      const once = apply(live, mine, 'carol', { force: true });
      const twice = applyObject({ live: once, applied: mine, manager: 'carol', type: widget, force: true, now: later });
      assert.equal(keepUnchanged(twice, once), once);
    }),
  );
});

test('a manager that leaves takes exactly its fields', () => {
  fc.assert(
    fc.property(config, config, (first, second) => {
      const before = apply(undefined, first, 'alice');
      let both: KubeObject;
      try {
        both = apply(before, second, 'bob');
      } catch (error) {
        assert.ok(error instanceof ApplyConflict);
        return;
      }
      const after = apply(both, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } }, 'bob');
      assert.deepEqual(comparable(after['spec']), comparable(before['spec']));
      assert.deepEqual(
        after.metadata.managedFields?.map(({ manager, fieldsV1 }) => ({ manager, fieldsV1 })),
        before.metadata.managedFields?.map(({ manager, fieldsV1 }) => ({ manager, fieldsV1 })),
      );
    }),
  );
});

test('without a conflict the configured values are there, and with force always', () => {
  fc.assert(
    fc.property(config, config, (first, second) => {
      const live = apply(undefined, first, 'alice');
      const forced = apply(live, second, 'bob', { force: true });
      assert.equal(applyObject({ live: forced, applied: second, manager: 'bob', type: widget, now: later }), forced);
    }),
  );
});

test('an update owns what it changes, and only that', () => {
  fc.assert(
    fc.property(config, config, (first, second) => {
      const live = { ...trackUpdate({ live: undefined, next: first, manager: 'alice', type: widget, now }) };
      const stored = { ...live, metadata: { ...live.metadata, uid: 'u' } };
      const next = { ...second, metadata: stored.metadata };
      const after = trackUpdate({ live: stored, next, manager: 'bob', type: widget, now: later });
      const again = trackUpdate({ live: after, next: after, manager: 'carol', type: widget, now: later });
      assert.equal(keepUnchanged(again, after), after);
      assert.ok(again.metadata.managedFields?.every(({ manager }) => manager !== 'carol') ?? true);
    }),
  );
});

/** Keyed lists and sets in one order; what was left empty is the same as null or nothing. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(comparable);
    return items.length === 0 ? undefined : items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (!isJsonObject(value)) return value ?? undefined;
  const entries = Object.entries(value)
    .map(([key, item]) => [key, comparable(item)] as const)
    .filter(([, item]) => item !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const deployment = builtinType('apps/v1', 'Deployment') as ObjectType;

function deploymentOf(containers: readonly unknown[], more: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { ...more, selector: { matchLabels: { app: 'd' } }, template: { metadata: { labels: { app: 'd' } }, spec: { containers } } },
  };
}

const requesting = (cpu: string): KubeObject => deploymentOf([{ name: 'app', resources: { requests: { cpu } } }]);

test('a port without a protocol is the TCP port, in the key and for conflicts', () => {
  const live = apply(undefined, deploymentOf([{ name: 'app', image: 'a', ports: [{ containerPort: 80 }] }]), 'alice', { type: deployment });
  assert.throws(
    () =>
      apply(
        live,
        deploymentOf([{ name: 'app', ports: [{ containerPort: 80, protocol: 'TCP', name: 'http' }], image: 'b' }], { replicas: 3 }),
        'bob',
        { type: deployment },
      ),
    (error) =>
      error instanceof ApplyConflict &&
      error.message === 'Apply failed with 1 conflict: conflict with "alice": .spec.template.spec.containers[name="app"].image',
  );
});

test('equal quantities in another spelling are a no-op', () => {
  const live = canonicalObject(deployment, apply(undefined, requesting('1000m'), 'alice', { type: deployment }));
  const next = apply(live, requesting('1'), 'alice', { type: deployment, at: later });
  assert.equal(keepUnchanged(next, live), live);
});

test('what was there before ownership belongs to before-first-apply', () => {
  const live = { ...deploymentOf([{ name: 'app', image: 'a' }]), metadata: { name: 'd', uid: 'u' } };
  const next = apply(canonicalObject(deployment, live), deploymentOf([{ name: 'app', image: 'a' }]), 'alice', { type: deployment });
  assert.deepEqual(
    next.metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`),
    ['alice Apply', 'before-first-apply Update'],
  );
});

for (const [name, applied, code, message] of [
  ['another kind', { apiVersion: 'v1', kind: 'Secret' }, 400, 'invalid object type: /v1, Kind=Secret'],
  ['no kind', {}, 400, 'invalid object type: /, Kind='],
  [
    'managedFields',
    { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { managedFields: [] } },
    400,
    'metadata.managedFields must be nil',
  ],
  [
    'an unknown field',
    { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { nope: 1 } },
    500,
    'failed to create typed patch object (/w; example.com/v1, Kind=Widget): .spec.nope: field not declared in schema',
  ],
  [
    'a key twice',
    { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { items: [{ name: 'x' }, { name: 'x' }] } },
    500,
    'failed to create typed patch object (/w; example.com/v1, Kind=Widget): .spec.items: duplicate entries for key [name="x"]',
  ],
  [
    'a wrong type',
    { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { text: { a: [1, true] } } },
    500,
    'failed to create typed patch object (/w; example.com/v1, Kind=Widget): .spec.text: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":[]interface {}{1, true}}}',
  ],
] as const) {
  test(`apply refuses ${name}`, () => {
    assert.throws(
      () => applyObject({ live: undefined, applied: applied as unknown as KubeObject, manager: 'm', type: widget, now }),
      (error) => error instanceof Refusal && error.code === code && error.message === message,
    );
  });
}

test('at most ten update managers: the oldest become one', () => {
  let live: KubeObject = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w', uid: 'u' } };
  live = trackUpdate({ live: undefined, next: { ...live, spec: { text: 'start' } }, manager: 'm00', type: widget, now });
  live = { ...live, metadata: { ...live.metadata, uid: 'u' } };
  for (let index = 1; index <= 12; index++) {
    const labels = Object.fromEntries(Array.from({ length: index }, (_, at) => [`k${at}`, 'v']));
    const at = `2026-01-01T00:${String(index).padStart(2, '0')}:00Z`;
    live = trackUpdate({
      live,
      next: { ...live, spec: { text: 'start', labels } },
      manager: `m${String(index).padStart(2, '0')}`,
      type: widget,
      now: at,
    });
  }
  const managers = live.metadata.managedFields?.map(({ manager }) => manager);
  assert.equal(managers?.length, 10);
  assert.ok(managers?.includes('ancient-changes'));
});
