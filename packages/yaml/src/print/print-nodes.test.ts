import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYamlNodes, printYamlNodes } from '../index.js';

test('nodes are printed as they were written, tidied', () => {
  for (const [text, printed = text] of [
    ['a: 1\nb: "x"\nc: \'y\'\n'],
    ['# head\n\n# about a\na: 1 # line\n# below a\n\nb: 2\n'],
    ['a: # comment\n  - b\n', 'a: # comment\n- b\n'],
    ['a:\n    - b:   1\n      c: [1,   {d: e}]\n', 'a:\n- b: 1\n  c: [1, {d: e}]\n'],
    ['a: &x !t\n  b: |+\n    c\n\n  d: >-\n    e f\ng: *x\n'],
    ['a: >-\n  b\n  c\n', 'a: >-\n  b c\n'],
    ['a: !!str 1\nb: !custom {c: 2}\n'],
    ['- # first\n  a: 1\n- b # second\n', '- # first\n  a: 1\n- b # second\n'],
    ['a: 1\n---\nb: 2\n# end\n', 'a: 1\n---\nb: 2\n# end\n'],
    ['? [a, b]\n: c\n'],
    ['a: "long text that go-yaml v2 would fold but that stays on its one line here, as kyaml folds nothing"\n'],
    ['[\n  a, # x\n  b\n]\n', '[a, # x\n  b]\n'],
  ] as readonly (readonly [string, string?])[]) {
    assert.equal(printYamlNodes(parseYamlNodes(text)), printed);
  }
});

test('sequences can be indented', () => {
  assert.equal(printYamlNodes(parseYamlNodes('a:\n- b:\n  - c\n'), { sequences: 'wide' }), 'a:\n  - b:\n      - c\n');
});

test('a string that is changed to look like a number is quoted', () => {
  const [document] = parseYamlNodes('a: b\n');
  const root = document?.root;
  assert.ok(root?.kind === 'mapping');
  const value = root.entries[0]?.value;
  assert.ok(value?.kind === 'scalar');
  value.value = '1';
  assert.equal(printYamlNodes(root), 'a: "1"\n');
  value.tag = '!!int';
  assert.equal(printYamlNodes(root), 'a: 1\n');
});
