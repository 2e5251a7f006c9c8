import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '@sluice/core';
import { parseYaml, parseYamlDocuments, parseYamlNodes, printYaml } from '../index.js';

/** Every one of these has to end soon, with a value or with an error of this package. */
const hostile: Record<string, string> = {
  'flow collections inside each other': '['.repeat(100_000),
  'flow mappings inside each other': '{a: '.repeat(50_000),
  'block sequences inside each other': '- '.repeat(100_000),
  'explicit keys inside each other': '? '.repeat(50_000),
  'deep indentation': Array.from({ length: 3_000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join(''),
  'a long line of brackets': '[],'.repeat(200_000),
  'a long plain scalar': `a: ${'x'.repeat(3_000_000)}`,
  'a plain scalar of many lines': `a:\n${'  b\n'.repeat(300_000)}`,
  'a quoted scalar of many lines': `a: "${'\n'.repeat(500_000)}`,
  'many comments': '# c\n'.repeat(200_000),
  'many comments between entries': 'a:\n# c\n'.repeat(20_000),
  'many blanks': ' '.repeat(2_000_000),
  'many empty lines before a comment': `a: 1\n${'\n'.repeat(300_000)}# c\n`,
  'many documents': '---\n'.repeat(100_000),
  'many anchors': Array.from({ length: 20_000 }, (_, index) => `- &a${index} 1\n`).join(''),
  'many repeated keys': 'a: 1\n'.repeat(20_000),
  'many merges': `a: &a {x: 1}\nb:\n${'  <<: *a\n'.repeat(20_000)}`,
  'a long key': `${'k'.repeat(100_000)}: 1`,
  'digits without end': `a: ${'1'.repeat(100_000)}`,
  'underscores without end': `a: 1${'_'.repeat(100_000)}x`,
  'a tag without end': `a: !${'x'.repeat(100_000)}`,
  'a long line of characters beyond the first plane': `[${'😀,'.repeat(100_000)}&a 1]`,
  'quotes without end': `a: '${"''".repeat(200_000)}`,
};

for (const [name, text] of Object.entries(hostile)) {
  test(`${name} end soon`, () => {
    const started = performance.now();
    for (const attempt of [
      () => parseYaml(text),
      () => parseYaml(text, { types: 'kyaml' }),
      () => parseYamlDocuments(text, { duplicateKeys: 'error' }),
      () => parseYamlNodes(text),
    ]) {
      try {
        attempt();
      } catch (error) {
        assert.ok(error instanceof SluiceError, String(error));
      }
    }
    assert.ok(performance.now() - started < 5_000, `${Math.round(performance.now() - started)} ms`);
  });
}

test('aliases do not multiply a document without end', () => {
  const levels = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`);
  const bomb = `l0: &l0 [x]\n${levels.join('\n')}\n`;
  for (const types of ['sigs', 'kyaml'] as const) {
    assert.throws(() => parseYaml(bomb, { types }), isTooComplex);
  }
  assert.equal(parseYamlNodes(bomb).length, 1, 'nodes do not expand aliases');
});

function isTooComplex(error: unknown): boolean {
  return error instanceof SluiceError && error.reason === 'YamlTooComplex';
}

test('limits hold', () => {
  assert.throws(() => parseYaml('a: 1', { limits: { size: 3 } }), isTooComplex);
  assert.throws(() => parseYaml('[[[1]]]', { limits: { depth: 2 } }), isTooComplex);
  assert.throws(() => parseYaml('[1, 2, 3]', { limits: { nodes: 3 } }), isTooComplex);
  assert.throws(() => parseYaml(new Uint8Array(100 * 1024 * 1024)), isTooComplex);
  assert.deepEqual(parseYaml('[[1, 2]]', { limits: { depth: 2, nodes: 4 } }), [[1, 2]]);
});

test('what is nested too deep is not printed either', () => {
  let value: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) value = [value];
  assert.throws(() => printYaml(value), SluiceError);
});
