import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '@sluice/core';
import { YamlError, nodeValue, parseYaml, parseYamlDocuments, parseYamlNodes, type YamlReadOptions } from '../index.js';

const read: readonly (readonly [text: string, value: Json, options?: YamlReadOptions])[] = [
  // scalars, by the rules of sigs.k8s.io/yaml
  ['017', 15],
  ['0o17', 15],
  ['08', 8],
  ['0x1F', 31],
  ['0b11', 3],
  ['1_000', 1000],
  ['1e3', 1000],
  ['.5', 0.5],
  ['1e400', '1e400'],
  ['1:30', '1:30'],
  ['2001-01-01', '2001-01-01'],
  ['on', true],
  ['N', false],
  ['~', null],
  ['', null],
  ['"on"', 'on'],
  ['9007199254740993', 9007199254740993n],
  ['9007199254740993', 9007199254740992, { integers: 'float64' }],
  ['18446744073709551615', 18446744073709551615n],
  ['18446744073709551616', 18446744073709552000],
  ['!!str 12', '12'],
  ['!!int "12"', 12],
  ['!!float 1', 1],
  ['! 12', '12'],
  ['!!binary aGk=', 'hi'],
  ['!Custom x', 'x'],
  // the same by kyaml's
  ['on', 'on', { types: 'kyaml' }],
  ['2001-1-2', '2001-01-02T00:00:00Z', { types: 'kyaml' }],
  ['2001-01-02 3:4:5.60', '2001-01-02T03:04:05.6Z', { types: 'kyaml' }],
  ['! 12', 12, { types: 'kyaml' }],
  // keys
  ['n: 3', { false: 3 }],
  ['80: a\n1.5: b\n0x10: c', { '16': 'c', '80': 'a', '1.5': 'b' }],
  ['a: 1\na: 2', { a: 2 }],
  ['__proto__: 1\nconstructor: 2\ntoString: 3', JSON.parse('{"__proto__":1,"constructor":2,"toString":3}') as Json],
  ['{__proto__: {a: 1}}', JSON.parse('{"__proto__":{"a":1}}') as Json],
  // collections
  ['a:\n- b\n-\n  - c\n- d: 1\n  e: 2', { a: ['b', ['c'], { d: 1, e: 2 }] }],
  ['a: [1, {b: c, "d":e}, [ ]]', { a: [1, { b: 'c', d: 'e' }, []] }],
  ['a: [\n  1,\n  2\n]', { a: [1, 2] }],
  ['? a\n: b\n? c', { a: 'b', c: null }],
  ['[a: b]', [{ a: 'b' }]],
  // anchors and merges: what is merged in counts where it stands in go-yaml v2, and never over own keys in v3
  ['a: &x [1]\nb: *x', { a: [1], b: [1] }],
  ['b: &x {k: 1, l: 1}\nm:\n  k: 2\n  <<: *x', { b: { k: 1, l: 1 }, m: { k: 1, l: 1 } }],
  ['b: &x {k: 1, l: 1}\nm:\n  k: 2\n  <<: *x', { b: { k: 1, l: 1 }, m: { k: 2, l: 1 } }, { types: 'kyaml' }],
  ['- &x {k: 1}\n- &y {k: 2}\n- <<: [*x, *y]', [{ k: 1 }, { k: 2 }, { k: 1 }]],
  // text over several lines
  ['a: b\n  c\n\n  d', { a: 'b c\nd' }],
  ['a: "b\n  c\\\n  d\\te"', { a: 'b cd\te' }],
  ["a: 'b\n\n  it''s'", { a: "b\nit's" }],
  ['a: |\n  b\n   c\n\nd: 1', { a: 'b\n c\n', d: 1 }],
  ['a: |-\n  b\n\nd: 1', { a: 'b', d: 1 }],
  ['a: |+\n  b\n\nd: 1', { a: 'b\n\n', d: 1 }],
  ['a: |2\n   b', { a: ' b' }],
  ['a: >\n  b\n  c\n\n  d\n   e\n  f\n', { a: 'b c\nd\n e\nf\n' }],
  // lines of other systems, byte order marks, comments
  ['a: 1\r\nb: |\r\n  c\r\n', { a: 1, b: 'c\n' }],
  ['\uFEFFa: 1', { a: 1 }],
  ['# c\na: 1 # d\n  # e\nb: "x" # f', { a: 1, b: 'x' }],
  ['a: b#c', { a: 'b#c' }],
  // only the first document counts, and what follows it is not looked at
  ['a: 1\n---\n@', { a: 1 }],
  ['# nothing', null],
];

test('a text is read as the Go tools read it', () => {
  for (const [text, value, options] of read) assert.deepEqual(parseYaml(text, options), value, JSON.stringify(text));
});

const refused: readonly (readonly [text: string, message: string, line: number, options?: YamlReadOptions])[] = [
  ['a: b: c', 'yaml: mapping values are not allowed in this context', 1],
  ['x: 1\na: b: c', 'yaml: line 2: mapping values are not allowed in this context', 2],
  ['a: 1\nb', "yaml: line 3: could not find expected ':'", 3],
  ['a:\n\t- b', 'yaml: line 2: found character that cannot start any token', 2],
  ['a: [1', "yaml: line 1: did not find expected ',' or ']'", 2],
  ['a: "b', 'yaml: found unexpected end of stream', 1],
  ['a: "b\n', 'yaml: line 2: found unexpected end of stream', 2],
  ['a: *b', "yaml: unknown anchor 'b' referenced", 1],
  ['a: &a [*a]', "yaml: anchor 'a' value contains itself", 1],
  ['a: "\\y"', 'yaml: found unknown escape character', 1],
  ['a: !!int x', 'yaml: cannot decode !!str `x` as a !!int', 1],
  ['a: .inf', 'json: unsupported value: +Inf', 1],
  ['~: 1', 'unsupported map key of type: %!s(<nil>), key: <nil>, value: 1', 1],
  ['[a]: 1', 'yaml: invalid map key: []interface {}{"a"}', 1],
  ['a: 1\n<<: 2', 'yaml: map merge requires map or sequence of maps as the value', 2],
  ['b: \u0001', 'yaml: control characters are not allowed', 1],
  ['a: 1\nb: \u0000', 'yaml: control characters are not allowed', 2],
  ['a: 1\nb: 2\na: 3', 'yaml: unmarshal errors:\n  line 3: key "a" already set in map', 3, { duplicateKeys: 'error' }],
  ['a: 1\nb: 2\na: 3', 'yaml: unmarshal errors:\n  line 3: mapping key "a" already defined at line 1', 3, { types: 'kyaml' }],
  ['1: a', 'json: unsupported type: map[interface {}]interface {}', 1, { types: 'kyaml' }],
  ['%YAML 1.2\n---\na: 1', 'yaml: found incompatible YAML document', 1],
];

test('what is wrong is said in the words of the Go tools, with the place', () => {
  for (const [text, message, line, options] of refused) {
    assert.throws(
      () => parseYaml(text, { file: 'app.yaml', ...options }),
      (error: unknown) => {
        assert.ok(error instanceof YamlError);
        assert.equal(error.text, message, JSON.stringify(text));
        assert.equal(error.place.line, line, JSON.stringify(text));
        assert.equal(error.place.file, 'app.yaml');
        return true;
      },
    );
  }
});

function messageOf(text: string, confidential: boolean): string {
  try {
    parseYaml(text, { file: 'secret.yaml', confidential });
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

test('an error shows the line and points into it, unless the text is secret', () => {
  assert.equal(
    messageOf('a: 1\npassword: hunter2: x\n', false),
    'yaml: line 2: mapping values are not allowed in this context\n  at secret.yaml:2:18\n  2 | password: hunter2: x\n    |                  ^',
  );
  assert.equal(
    messageOf('a: 1\npassword: hunter2: x\n', true),
    'yaml: line 2: mapping values are not allowed in this context\n  at secret.yaml:2:18',
  );
});

test('bytes that are no UTF-8 are refused where they are', () => {
  for (const [bytes, problem] of [
    [[0x61, 0x0a, 0xff], 'invalid leading UTF-8 octet'],
    [[0x61, 0x0a, 0xe2, 0x82], 'incomplete UTF-8 octet sequence'],
    [[0x61, 0x0a, 0xe2, 0x41, 0x41], 'invalid trailing UTF-8 octet'],
    [[0x61, 0x0a, 0xc0, 0x80], 'invalid length of a UTF-8 sequence'],
    [[0x61, 0x0a, 0xed, 0xa0, 0x80], 'invalid Unicode character'],
  ] as const) {
    assert.throws(
      () => parseYaml(Uint8Array.from(bytes)),
      (error: unknown) => error instanceof YamlError && error.text === `yaml: ${problem}` && error.place.line === 2,
    );
  }
  assert.deepEqual(parseYaml(Buffer.from('a: é☃😀')), { a: 'é☃😀' });
  assert.deepEqual(parseYaml(Buffer.from('\uFEFFa: é', 'utf16le')), { a: 'é' });
});

test('documents come with the line they begin on', () => {
  for (const [text, expected] of [
    ['', []],
    ['# only a comment\n', []],
    ['a: 1\n', [[{ a: 1 }, 1]]],
    [
      '# c\n\na: 1\n---\n# d\nb: 2\n---\n',
      [
        [{ a: 1 }, 3],
        [{ b: 2 }, 4],
        [null, 7],
      ],
    ],
    [
      '---\n---\na: &x 1\n',
      [
        [null, 1],
        [{ a: 1 }, 2],
      ],
    ],
    [
      'a: 1\n...\n---\nb: 2\n',
      [
        [{ a: 1 }, 1],
        [{ b: 2 }, 3],
      ],
    ],
  ] as const) {
    assert.deepEqual(
      parseYamlDocuments(text).map(({ value, line }) => [value, line]),
      expected,
      JSON.stringify(text),
    );
  }
});

test('the one bad document of ten thousand is named', () => {
  const documents = Array.from({ length: 10_000 }, (_, index) => (index === 7_000 ? 'a: b: c\n' : `a: ${index}\n`));
  assert.throws(
    () => parseYamlDocuments(documents.join('---\n')),
    (error: unknown) => error instanceof YamlError && error.place.line === 14_001,
  );
});

test('nodes keep styles, tags, anchors, comments and places', () => {
  const [document] = parseYamlNodes('# head\n\n# about a\na: !!str 1 # line\nb: &x\n- "q" # first\n- *x\n# foot\n');
  const root = document?.root;
  assert.ok(document !== undefined && root?.kind === 'mapping');
  assert.equal(document.headComment, '# head');
  const [a, b] = root.entries;
  assert.ok(a?.value.kind === 'scalar' && b?.value.kind === 'sequence');
  assert.equal(a.key.headComment, '# about a');
  assert.deepEqual([a.value.tag, a.value.taggedExplicitly, a.value.style, a.value.lineComment], ['!!str', true, 'plain', '# line']);
  assert.deepEqual([b.value.anchor, b.value.style, b.value.line, b.value.column], ['x', 'block', 5, 4]);
  const [quoted, alias] = b.value.items;
  assert.ok(quoted?.kind === 'scalar' && alias?.kind === 'alias');
  assert.deepEqual([quoted.style, quoted.tag, quoted.line, quoted.column], ['double', '!!str', 6, 3]);
  assert.equal(alias.target, b.value);
  assert.equal(alias.footComment, '# foot');
  assert.deepEqual(nodeValue(a.value), '1');
});
