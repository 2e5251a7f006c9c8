import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '@sluice/core';
import * as fc from 'fast-check';
import { fromJson, toJson } from '../node/json.js';
import { copyNode, type Node } from '../node/node.js';
import { builtInSchema } from '../schema/merge-schema.js';
import { applyJsonPatch, readJsonPatch } from './json-patch.js';
import { strategicMerge } from './strategic-merge.js';

const schemaOf = (apiVersion: string, kind: string): ReturnType<typeof builtInSchema> => builtInSchema(`${apiVersion}/${kind}`);

function merge(value: Json, patch: Json): Json | undefined {
  const merged = strategicMerge(fromJson(value), fromJson(patch), schemaOf);
  return merged === undefined ? undefined : toJson(merged);
}

const keys = fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'x/y', '0'), fc.string({ maxLength: 4 }));
const scalars = fc.oneof(fc.string({ maxLength: 6 }), fc.integer(), fc.boolean());
/** JSON without nulls and without what a patch reads as an instruction. */
const values: fc.Arbitrary<Json> = fc.letrec<{ value: Json; object: Json }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthSize: 'small' }, scalars, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.dictionary(
    keys.filter((key) => key !== '$patch'),
    tie('value'),
    { maxKeys: 4, noNullPrototype: true },
  ),
})).value;
const objects = fc.dictionary(
  keys.filter((key) => !['$patch', 'kind', 'apiVersion'].includes(key)),
  values,
  { maxKeys: 4, noNullPrototype: true },
) as fc.Arbitrary<Json>;

test('a strategic merge: what holds for any object without lists that merge', async (t) => {
  await t.test('a patch equal to the object changes nothing', () => {
    fc.assert(fc.property(objects, (object) => assert.deepEqual(merge(object, object), object)));
  });
  await t.test('the empty patch changes nothing', () => {
    fc.assert(fc.property(objects, (object) => assert.deepEqual(merge(object, {}), object)));
  });
  await t.test('applied twice is as applied once', () => {
    fc.assert(
      fc.property(objects, objects, (object, patch) => {
        let once: Json | undefined;
        try {
          once = merge(object, patch);
        } catch {
          // A mapping where the object has a list, or the like: refused both times.
          return;
        }
        assert.deepEqual(merge(once!, patch), once);
      }),
    );
  });
  await t.test('a null takes a field away, and nothing else', () => {
    fc.assert(
      fc.property(objects, keys, (object, key) => {
        const expected = Object.fromEntries(Object.entries(object as Record<string, Json>).filter(([name]) => name !== key));
        const patch = Object.fromEntries([[key, null]]);
        if (key === '__proto__' || key === '$patch') return;
        assert.deepEqual(Object.entries(merge(object, patch) as object), Object.entries(expected));
      }),
    );
  });
  await t.test('the patch itself stays as it was where it is copied', () => {
    fc.assert(
      fc.property(objects, objects, (object, patch) => {
        const node: Node = fromJson(patch);
        const before = toJson(node);
        try {
          strategicMerge(fromJson(object), copyNode(node), schemaOf);
        } catch {
          return;
        }
        assert.deepEqual(toJson(node), before);
      }),
    );
  });
});

interface Container {
  readonly name: string;
  readonly image: string;
}

const containers = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), image: fc.constantFrom('x', 'y', 'z') }, { noNullPrototype: true }),
  {
    selector: ({ name }) => name,
    maxLength: 5,
  },
);
const podOf = (list: readonly Container[]): Json => ({ apiVersion: 'v1', kind: 'Pod', spec: { containers: list as unknown as Json } });

test('lists with a key merge: elements of the patch first, each name once', () => {
  fc.assert(
    fc.property(containers, containers, (own, patch) => {
      const merged = merge(podOf(own), podOf(patch)) as { spec?: { containers?: Container[] } };
      const rest = own.filter(({ name }) => !patch.some((change) => change.name === name));
      assert.deepEqual(merged.spec?.containers ?? [], [...patch, ...rest]);
    }),
  );
});

test('directives of strategic merge patches', async (t) => {
  const own = podOf([
    { name: 'a', image: 'x' },
    { name: 'b', image: 'y' },
  ]);
  const cases: Record<string, { patch: Json; expected: Json | undefined }> = {
    'delete an element': {
      patch: podOf([{ name: 'a', $patch: 'delete' } as unknown as Container]),
      expected: podOf([{ name: 'b', image: 'y' }]),
    },
    'replace a list': {
      patch: podOf([{ name: 'c', image: 'z' }, { $patch: 'replace' } as unknown as Container]),
      expected: podOf([{ name: 'c', image: 'z' }]),
    },
    'replace an object': {
      patch: { spec: { $patch: 'replace', nodeName: 'n' } },
      expected: { apiVersion: 'v1', kind: 'Pod', spec: { nodeName: 'n' } },
    },
    'delete an object': { patch: { spec: { $patch: 'delete' } }, expected: { apiVersion: 'v1', kind: 'Pod' } },
    'delete the resource': { patch: { $patch: 'delete' }, expected: undefined },
  };
  for (const [name, { patch, expected }] of Object.entries(cases)) {
    await t.test(name, () => assert.deepEqual(merge(own, patch), expected));
  }
  await t.test('an unknown one is refused', () => {
    assert.throws(() => merge(own, { spec: { $patch: 'tweak' } }), /unknown patch strategy 'tweak'/);
  });
});

test('a scalar that stood in quotes stays a string', () => {
  assert.deepEqual(merge({ data: { port: '80' } }, { data: { port: 81 } }), { data: { port: '81' } });
  assert.deepEqual(merge({ data: { port: 'http' } }, { data: { port: 81 } }), { data: { port: 81 } });
});

const patched = (document: Json, ...operations: Json[]): Json => applyJsonPatch(structuredClone<Json>(document), readJsonPatch(operations));
const pointer = (key: string): string => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;

test('JSON patches: what is added can be tested and removed again', () => {
  fc.assert(
    fc.property(objects, keys, values, (object, key, value) => {
      const path = pointer(key);
      if (Object.hasOwn(object as object, key)) return;
      assert.deepEqual(patched(object, { op: 'add', path, value }, { op: 'test', path, value }, { op: 'remove', path }), object);
    }),
  );
});

test('JSON patches: a move there and back changes nothing, a copy is equal', () => {
  fc.assert(
    fc.property(objects, keys, keys, values, (object, from, to, value) => {
      if (from === to || Object.hasOwn(object as object, to)) return;
      const start = patched(object, { op: 'add', path: pointer(from), value });
      const there = { op: 'move', from: pointer(from), path: pointer(to) };
      const back = { op: 'move', from: pointer(to), path: pointer(from) };
      assert.deepEqual(patched(start, there, back), start);
      patched(start, { op: 'copy', from: pointer(from), path: pointer(to) }, { op: 'test', path: pointer(to), value });
    }),
  );
});

test('JSON patches on lists', async (t) => {
  const cases: Record<string, { operation: Json; expected: Json }> = {
    'add at an index': { operation: { op: 'add', path: '/l/1', value: 9 }, expected: { l: [1, 9, 2] } },
    'add at the end': { operation: { op: 'add', path: '/l/-', value: 9 }, expected: { l: [1, 2, 9] } },
    'add counted from the end': { operation: { op: 'add', path: '/l/-1', value: 9 }, expected: { l: [1, 2, 9] } },
    'replace the last': { operation: { op: 'replace', path: '/l/-1', value: 9 }, expected: { l: [1, 9] } },
    'remove the first': { operation: { op: 'remove', path: '/l/0' }, expected: { l: [2] } },
    'replace a key that is not there': { operation: { op: 'replace', path: '/k', value: 9 }, expected: { l: [1, 2], k: 9 } },
  };
  for (const [name, { operation, expected }] of Object.entries(cases)) {
    await t.test(name, () => assert.deepEqual(patched({ l: [1, 2] }, operation), expected));
  }
});

test('JSON patches that do not apply say so', async (t) => {
  const cases: Record<string, [Json, RegExp]> = {
    'a missing parent': [
      { op: 'add', path: '/x/y', value: 1 },
      /add operation does not apply: doc is missing path: "\/x\/y": missing value/,
    ],
    'a missing key': [{ op: 'remove', path: '/x' }, /Unable to remove nonexistent key: x/],
    'an index too large': [{ op: 'replace', path: '/l/2', value: 1 }, /Unable to access invalid index: 2/],
    'no index': [{ op: 'add', path: '/l/x', value: 1 }, /value was not a proper array index: 'x'/],
    'a test that fails': [{ op: 'test', path: '/l/0', value: 2 }, /testing value \/l\/0 failed: test failed/],
    'an unknown operation': [{ op: 'inc', path: '/l/0' }, /Unexpected kind: inc/],
    'no path': [{ op: 'remove' }, /operation missing path field/],
  };
  for (const [name, [operation, message]] of Object.entries(cases)) {
    await t.test(name, () => assert.throws(() => patched({ l: [1, 2] }, operation), { reason: 'PatchInvalid', message }));
  }
});
