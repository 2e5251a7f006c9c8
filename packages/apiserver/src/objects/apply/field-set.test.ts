import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FieldSet } from './field-set.js';
import { fieldElement, keyElement, type PathElement, showPath, valueElement } from './path-element.js';

const element: fc.Arbitrary<PathElement> = fc.oneof(
  fc.constantFrom('a', 'b', '__proto__', 'x.y/z').map(fieldElement),
  fc.constantFrom(1, 2, 'x').map((name) => keyElement({ port: name, name: 'n' })),
  fc.constantFrom('v', 7, true).map(valueElement),
);
const set = fc.array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 8 }).map((paths) => FieldSet.from(paths));

test('a field set survives its encoding', () => {
  fc.assert(fc.property(set, (fields) => FieldSet.fromFieldsV1(JSON.parse(JSON.stringify(fields.toFieldsV1()))).equals(fields)));
});

test('the laws of sets hold', () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      const union = a.union(b);
      assert.ok(union.equals(b.union(a)));
      assert.ok(
        union
          .difference(b)
          .union(a.intersection(b))
          .equals(a.difference(b).union(a.intersection(b))),
      );
      assert.ok(a.difference(b).union(a.intersection(b)).equals(a));
      assert.ok(a.intersection(b).difference(b).isEmpty);
      a.forEach((path) => assert.ok(union.has(path)));
      a.recursiveDifference(b).forEach((path) => assert.ok(a.has(path) && path.every((_, depth) => !b.has(path.slice(0, depth + 1)))));
    }),
  );
});

test('elements are canonical, whatever order and spelling they come in', () => {
  const a = FieldSet.fromFieldsV1({ 'f:ports': { 'k:{"protocol":"TCP","port":80}': { '.': {}, 'f:name': {} } } });
  const b = FieldSet.fromFieldsV1({ 'f:ports': { 'k:{ "port": 80, "protocol": "TCP" }': { 'f:name': {}, '.': {} } } });
  assert.ok(a.equals(b));
  const paths: string[] = [];
  a.forEach((path) => paths.push(showPath(path)));
  assert.deepEqual(paths, ['.ports[port=80,protocol="TCP"]', '.ports[port=80,protocol="TCP"].name']);
});

test('malformed sets are refused, unknown elements left out', () => {
  for (const fields of [{ nocolon: {} }, { 'k:{': {} }, { 'v:': {} }, [], 'x', null])
    assert.throws(() => FieldSet.fromFieldsV1(fields), SyntaxError);
  assert.ok(FieldSet.fromFieldsV1({ 'q:new': {} }).isEmpty);
});
