import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { applySchemaDefaults, compileSchema, pruneValue, validateObject, validateScale } from './index.js';

const schema = compileSchema({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', maxLength: 3 },
        size: { type: 'integer', minimum: 1, default: 1 },
        port: { 'x-kubernetes-int-or-string': true },
        maybe: { type: 'string', nullable: true },
        nested: { type: 'object', default: {}, properties: { on: { type: 'boolean', default: true } } },
        free: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { known: { type: 'object', properties: { a: { type: 'string' } } } },
        },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        items: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['id'],
          items: {
            type: 'object',
            required: ['id'],
            properties: { id: { type: 'string' }, v: { type: 'integer', maximum: 5 } },
            'x-kubernetes-validations': [{ rule: '!has(oldSelf.v) || self.v >= oldSelf.v', message: 'v may not fall' }],
          },
        },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
  },
});

test('what the schema does not know is pruned, and named', () => {
  const value = {
    kind: 'K',
    metadata: { any: 1 },
    top: 1,
    spec: { name: 'a', nope: 1, free: { x: { y: 1 }, known: { a: '', b: 1 } }, items: [{ id: 'a', z: 1 }] },
  };
  const pruned = pruneValue(schema, value, { isResource: true });
  assert.deepEqual(pruned.unknown, ['spec.free.known.b', 'spec.items[0].z', 'spec.nope', 'top']);
  assert.deepEqual(pruned.value, {
    kind: 'K',
    metadata: { any: 1 },
    spec: { name: 'a', free: { x: { y: 1 }, known: { a: '' } }, items: [{ id: 'a' }] },
  });
  assert.equal(pruneValue(schema, pruned.value, { isResource: true }).value, pruned.value);
});

test('defaults fill in, nulls that are not allowed go', () => {
  const value = { spec: { name: null, size: null, maybe: null } };
  const filled = applySchemaDefaults(schema, value);
  assert.deepEqual(filled, { spec: { size: 1, maybe: null, nested: { on: true } } });
  assert.equal(applySchemaDefaults(schema, filled), filled);
});

test('pruning and defaults are done once and for all, and leave the original alone', () => {
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.integer(),
      fc.constant(null),
      fc.constantFrom('x', ''),
      fc.array(tie('value'), { maxLength: 2 }),
      tie('map'),
    ),
    map: fc.dictionary(
      fc.constantFrom('spec', 'name', 'size', 'nested', 'free', 'known', 'items', 'id', 'v', 'labels', '__proto__', 'toString'),
      tie('value'),
    ),
  })).map;
  fc.assert(
    fc.property(json, (value) => {
      const before = JSON.stringify(value);
      const { value: pruned } = pruneValue(schema, value);
      const filled = applySchemaDefaults(schema, pruned);
      assert.deepEqual(pruneValue(schema, filled).unknown, []);
      assert.equal(applySchemaDefaults(schema, filled), filled);
      assert.ok(Array.isArray(validateObject(schema, filled)));
      assert.equal(JSON.stringify(value), before);
    }),
  );
});

const hidden =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

const cases: readonly (readonly [name: string, value: object, old: object | undefined, faults: readonly string[]])[] = [
  ['what is fine', { spec: { name: 'abc', port: '80%', maybe: null } }, undefined, []],
  [
    'several faults',
    { spec: { size: 0, port: true } },
    undefined,
    [
      'spec.name: Required value',
      'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
      hidden,
    ],
  ],
  ['a key twice', { spec: { name: 'a', items: [{ id: 'x' }, { id: 'x' }] } }, undefined, ['spec.items[1]: Duplicate value: {"id":"x"}']],
  ['a value twice', { spec: { name: 'a', tags: ['t', 't', 't'] } }, undefined, ['spec.tags[1]: Duplicate value: "t"']],
  ['what was wrong before and stays', { spec: { name: 'toolong', size: 2 } }, { spec: { name: 'toolong', size: 1 } }, []],
  [
    'what was wrong before and changes',
    { spec: { name: 'longer' } },
    { spec: { name: 'toolong' } },
    ['spec.name: Too long: may not be more than 3 bytes', hidden],
  ],
  [
    'an element that moved',
    {
      spec: {
        name: 'a',
        items: [
          { id: 'n', v: 1 },
          { id: 'o', v: 9 },
        ],
      },
    },
    { spec: { name: 'a', items: [{ id: 'o', v: 9 }] } },
    [],
  ],
  [
    'a rule about a change',
    { spec: { name: 'a', items: [{ id: 'o', v: 1 }] } },
    { spec: { name: 'a', items: [{ id: 'o', v: 3 }] } },
    ['spec.items[0]: Invalid value: "object": v may not fall'],
  ],
];
for (const [name, value, old, faults] of cases) {
  test(`validation: ${name}`, () => {
    const errors = validateObject(schema, value, old).map(({ field, message }) => `${field}: ${message}`);
    assert.deepEqual(errors.sort(), [...faults].sort());
  });
}

test('rules that cost too much stop with a message', () => {
  const costly = compileSchema({
    type: 'object',
    properties: { l: { type: 'array', items: { type: 'integer' } } },
    'x-kubernetes-validations': [{ rule: 'self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))' }],
  });
  const [error] = validateObject(costly, { l: Array.from({ length: 300 }, (_, index) => index) });
  assert.match(error?.message ?? '', /cost limit exceeded.*no further validation rules will be run/);
});

test('patterns are matched in linear time', () => {
  const slow = compileSchema({ type: 'object', properties: { s: { type: 'string', pattern: '^(a+)+$' } } });
  const started = performance.now();
  assert.equal(validateObject(slow, { s: `${'a'.repeat(5000)}!` }).length, 1);
  assert.ok(performance.now() - started < 1000);
});

test('what a scale points to has to be a number of replicas', () => {
  const paths = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  assert.deepEqual(validateScale({ spec: { replicas: 3 } }, paths), []);
  assert.equal(
    validateScale({ spec: { replicas: 'x' } }, paths)[0]?.message,
    'Invalid value: 0: .spec.replicas accessor error: x is of the type string, expected int64',
  );
  assert.equal(validateScale({ spec: { replicas: -1 } }, paths)[0]?.message, 'Invalid value: -1: should be a non-negative integer');
});
