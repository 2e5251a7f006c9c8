import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import * as fc from 'fast-check';
import { builtinType, jsonPatch, mergePatch, type ObjectType, patchObject, Refusal, strategicMerge } from '../index.js';

const jsonCases: readonly (readonly [name: string, target: unknown, operations: readonly object[], result: unknown])[] = [
  ['add to a map', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
  ['add into a list', { l: [1, 3] }, [{ op: 'add', path: '/l/1', value: 2 }], { l: [1, 2, 3] }],
  ['append', { l: [1] }, [{ op: 'add', path: '/l/-', value: 2 }], { l: [1, 2] }],
  ['a negative index', { l: [1, 2] }, [{ op: 'remove', path: '/l/-1' }], { l: [1] }],
  ['replace of a missing key', {}, [{ op: 'replace', path: '/a', value: 1 }], { a: 1 }],
  ['escapes', { 'a/b': { 'c~d': 1 } }, [{ op: 'replace', path: '/a~1b/c~0d', value: 2 }], { 'a/b': { 'c~d': 2 } }],
  ['move', { a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], { a: {}, c: { d: 1 } }],
  ['copy', { a: [1] }, [{ op: 'copy', from: '/a', path: '/b' }], { a: [1], b: [1] }],
  [
    'test, then change',
    { a: 1 },
    [
      { op: 'test', path: '/a', value: 1 },
      { op: 'replace', path: '/a', value: 2 },
    ],
    { a: 2 },
  ],
  ['test for null finds nothing', {}, [{ op: 'test', path: '/a', value: null }], {}],
  ['__proto__ is a key', {}, [{ op: 'add', path: '/__proto__', value: { x: 1 } }], JSON.parse('{"__proto__":{"x":1}}')],
];
for (const [name, target, operations, result] of jsonCases) {
  test(`JSON patch: ${name}`, () => {
    const before = JSON.stringify(target);
    assert.equal(JSON.stringify(jsonPatch(target, operations)), JSON.stringify(result));
    assert.equal(JSON.stringify(target), before);
  });
}

for (const [name, operation] of [
  ['a failed test', { op: 'test', path: '/a', value: 2 }],
  ['a missing parent', { op: 'add', path: '/x/y', value: 1 }],
  ['an index out of range', { op: 'remove', path: '/l/7' }],
  ['an index that is none', { op: 'add', path: '/l/x', value: 1 }],
  ['removal of a missing key', { op: 'remove', path: '/nope' }],
  ['an unknown operation', { op: 'wave', path: '/a' }],
  ['no path', { op: 'add', value: 1 }],
] as const) {
  test(`JSON patch refuses ${name}`, () => {
    assert.throws(
      () => jsonPatch({ a: 1, l: [1] }, [operation]),
      (error) => error instanceof Refusal && error.code === 422,
    );
  });
}

test('merge patch: a patch applied twice is applied once, and nulls remove', () => {
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.constant(null),
      fc.constantFrom('x', 'y'),
      fc.array(fc.integer(), { maxLength: 2 }),
      tie('map'),
    ),
    map: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('value'), { maxKeys: 3 }),
  })).map;
  fc.assert(
    fc.property(json, json, (target, patch) => {
      const once = mergePatch(target, patch);
      assert.equal(JSON.stringify(mergePatch(once, patch)), JSON.stringify(once));
    }),
  );
  assert.deepEqual(mergePatch({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: null }, d: [2], e: { f: null, g: 1 } }), {
    a: { c: 2 },
    d: [2],
    e: { g: 1 },
  });
});

const pod = (builtinType('v1', 'Pod') as ObjectType).root;
const strategicCases: readonly (readonly [name: string, target: unknown, patch: unknown, result: unknown])[] = [
  [
    'keyed lists merge by their key',
    { spec: { containers: [{ name: 'a', image: '1' }, { name: 'b' }] } },
    { spec: { containers: [{ name: 'a', image: '2' }, { name: 'c' }] } },
    { spec: { containers: [{ name: 'a', image: '2' }, { name: 'c' }, { name: 'b' }] } },
  ],
  [
    'an element is deleted by its key',
    { spec: { containers: [{ name: 'a' }, { name: 'b' }] } },
    { spec: { containers: [{ name: 'a', $patch: 'delete' }] } },
    { spec: { containers: [{ name: 'b' }] } },
  ],
  [
    'a list is replaced',
    { spec: { containers: [{ name: 'a' }] } },
    { spec: { containers: [{ name: 'b' }, { $patch: 'replace' }] } },
    { spec: { containers: [{ name: 'b' }] } },
  ],
  [
    'a map is replaced',
    { metadata: { labels: { a: '1' } } },
    { metadata: { labels: { $patch: 'replace', b: '2' } } },
    { metadata: { labels: { b: '2' } } },
  ],
  ['a map is emptied', { metadata: { labels: { a: '1' } } }, { metadata: { labels: { $patch: 'delete' } } }, { metadata: { labels: {} } }],
  [
    'lists without a strategy are replaced',
    { spec: { tolerations: [{ key: 'a' }] } },
    { spec: { tolerations: [{ key: 'b' }] } },
    { spec: { tolerations: [{ key: 'b' }] } },
  ],
  [
    'sets merge',
    { metadata: { finalizers: ['a', 'b'] } },
    { metadata: { finalizers: ['c'] } },
    { metadata: { finalizers: ['c', 'a', 'b'] } },
  ],
  [
    'values leave a set',
    { metadata: { finalizers: ['a', 'b'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
    { metadata: { finalizers: ['b'] } },
  ],
  [
    'elements are ordered',
    { spec: { containers: [{ name: 'a' }, { name: 'b' }] } },
    { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'b', image: 'x' }] } },
    { spec: { containers: [{ name: 'b', image: 'x' }, { name: 'a' }] } },
  ],
  [
    'what is not retained goes',
    { spec: { volumes: [{ name: 'v', emptyDir: {} }] } },
    { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }] } },
    { spec: { volumes: [{ name: 'v', configMap: { name: 'c' } }] } },
  ],
  ['null removes', { spec: { nodeName: 'n', hostname: 'h' } }, { spec: { nodeName: null } }, { spec: { hostname: 'h' } }],
];
for (const [name, target, patch, result] of strategicCases) {
  test(`strategic merge: ${name}`, () => assert.deepEqual(strategicMerge(pod, target, patch), result));
}

for (const [name, patch, message] of [
  ['an unknown directive', { metadata: { labels: { $patch: 'merge' } } }, 'unknown patch type: merge in map: map[$patch:merge]'],
  ['an element without its key', { spec: { containers: [{ image: 'x' }] } }, 'map: map[image:x] does not contain declared merge key: name'],
] as const) {
  test(`strategic merge refuses ${name}`, () => {
    const target = { metadata: { labels: { a: '1' } }, spec: { containers: [{ name: 'a' }] } };
    assert.throws(
      () => strategicMerge(pod, target, patch),
      (error) => error instanceof Refusal && error.message === message,
    );
  });
}

const live = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { x: '1' } } as KubeObject;
const configMap = builtinType('v1', 'ConfigMap') as ObjectType;
for (const [patchType, text, code, message] of [
  ['merge', '[', 400, 'error decoding patch: unexpected end of JSON input'],
  ['merge', 'null', 400, 'Invalid JSON Patch'],
  ['merge', '[]', 400, 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ['json', 'nonsense', 400, "error decoding patch: invalid character 'o' in literal null (expecting 'u')"],
  ['json', '[0]', 400, 'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp'],
  ['strategic', '{"data":"x"}', 422, ' "" is invalid: patch: Invalid value: "map[data:x]": cannot restore map from string'],
] as const) {
  test(`a ${patchType} patch ${text} is refused`, () => {
    assert.throws(
      () => patchObject({ type: configMap, live, patchType, text, validation: 'Warn' }),
      (error) => error instanceof Refusal && error.code === code && error.message === message,
    );
  });
}
