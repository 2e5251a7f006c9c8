import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYamlNodes } from '@sluice/yaml';
import * as fc from 'fast-check';
import { fromOrdinaryYaml, fromYaml } from './from-yaml.js';
import { toJson } from './json.js';

function read(text: string, takesAnyKey = false): unknown {
  return toJson(fromYaml(parseYamlNodes(text)[0]!.root!, { file: 'f.yaml', lineOffset: 10, takesAnyKey }));
}

test('values as kustomize prints and reads them again', async (t) => {
  const cases: [string, unknown][] = [
    ['a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}', { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } }],
    ['x: &x {a: 1, b: 2}\ny: &y {b: 3}\nz: {<<: [*x, *y]}', { x: { a: 1, b: 2 }, y: { b: 3 }, z: { a: 1, b: 2 } }],
    ['v: [017, 0o17, 0x1F, 1_000, 1.0, "1", on]', { v: [15, 15, 31, 1000, 1, '1', 'on'] }],
    ['v: 2001-01-01', { v: '2001-01-01T00:00:00Z' }],
    ['v: {a: , b: null}', { v: { a: '', b: null } }],
    ['v:\n  a:\n', { v: { a: null } }],
    ['v: !!str 5\nw: !!int "5"', { v: '5', w: 5 }],
    ['v: >+\n  x\n\nw: >\n  x\n', { v: 'x\n\n\n', w: 'x\n' }],
    ['v: 9007199254740993', { v: 9007199254740993n }],
  ];
  for (const [text, expected] of cases) await t.test(JSON.stringify(text), () => assert.deepEqual(read(text), expected));
});

test('what can be no Kubernetes object is refused with its line', async (t) => {
  const cases: [string, RegExp, number][] = [
    ['a: 1\nb: 2\na: 3', /line 13: mapping key "a" already defined at line 11/, 13],
    ['a: 1\n2: b', /the key `2` is a !!int/, 12],
    ['a: 1\ntrue: b', /the key `true` is a !!bool/, 12],
    ['a: {<<: [[x]]}', /nested sequence/, 11],
    ['a: {<<: x}', /map merge requires map/, 11],
    ['a: &x [1]\nb: {<<: *x}', /alias for a non-map value/, 12],
  ];
  for (const [text, message, line] of cases) {
    await t.test(JSON.stringify(text), () => {
      assert.throws(
        () => read(text),
        (error: Error & { place: { file: string; line: number } }) => {
          assert.match(error.message, message);
          assert.deepEqual([error.place.file, error.place.line], ['f.yaml', line]);
          return true;
        },
      );
    });
  }
  await t.test('but a patch may have any key', () => assert.deepEqual(read('{80: a}', true), { 80: 'a' }));
});

test('infinities have no JSON', () => {
  assert.throws(() => read('v: .inf'), /unsupported value: \+Inf/);
});

const manifest = `# an app
apiVersion: v1
kind: ConfigMap
metadata: {name: app, labels: {"app": 'x', on: 1.0}}
data:
  a: "1"
  b: |
    text
     more

  c: >+
    folded
    text

  d: plain
    continued
items:
- name: one
  values: [1, "two", on, ~, 0x1F]
-
  - nested
  - 1_000
`;
const insertions = [
  '',
  '\n',
  ' ',
  '  ',
  ':',
  ': ',
  '- ',
  ' #',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ',',
  '|\n',
  '&a ',
  '*a',
  '---\n',
  '!t ',
  '<<: ',
];
const damage = fc.record({
  at: fc.nat({ max: manifest.length - 1 }),
  remove: fc.nat({ max: 6 }),
  insert: fc.constantFrom(...insertions),
});

test('an ordinary text becomes the tree that its nodes become', () => {
  let ordinary = 0;
  fc.assert(
    fc.property(fc.array(damage, { maxLength: 2 }), (damages) => {
      let text = manifest;
      for (const { at, remove, insert } of damages) text = text.slice(0, at) + insert + text.slice(at + remove);
      const document = fromOrdinaryYaml(text, undefined);
      if (document === undefined) return;
      ordinary++;
      const { root } = parseYamlNodes(text)[0]!;
      const nodes = fromYaml(root!, { file: undefined, lineOffset: 0, takesAnyKey: false });
      assert.deepEqual(document, { root: nodes, line: root!.line });
    }),
    { numRuns: 2_000 },
  );
  assert.ok(ordinary > 200, `${ordinary} ordinary`);
});
