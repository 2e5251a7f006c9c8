import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryTree } from '@sluice/core';
import { build } from '../build/build.js';
import { compileAnchored, compileImageName } from '../regex.js';
import { splitFieldPath, splitVarPath } from '../node/field-path.js';
import { splitPath } from '../config/field-spec.js';
import { expandVariables } from './variables.js';
import { setInText } from './structured-text.js';
import { stringScalar } from '../node/node.js';

test('names of images match with a tag, a digest or nothing behind them', () => {
  const cases: [string, string, boolean][] = [
    ['nginx', 'nginx', true],
    ['nginx', 'nginx:1.2', true],
    ['nginx', 'nginx:1.2@sha256:abc', true],
    ['nginx', 'nginx@sha256:abc', true],
    ['nginx', 'reg.io/nginx', false],
    ['nginx', 'nginx2', false],
    ['reg.io/a', 'regxio/a:1', true],
    ['reg.io:5000/a', 'reg.io:5000/a:1', true],
    ['.*/nginx', 'reg.io/x/nginx:1', true],
  ];
  for (const [name, reference, expected] of cases) assert.equal(compileImageName(name)(reference), expected, `${name} on ${reference}`);
});

test('selectors match the whole text', () => {
  assert.equal(compileAnchored('web')('web'), true);
  assert.equal(compileAnchored('web')('web-1'), false);
  assert.equal(compileAnchored('web|api')('api'), true);
  assert.equal(compileAnchored('web|api')('web-api'), false);
  assert.equal(compileAnchored('')('anything'), true);
});

test('paths', () => {
  assert.deepEqual(splitPath('/a/b\\/c/d'), ['a', 'b/c', 'd']);
  assert.deepEqual(splitFieldPath('spec.containers.[name=a.b].image'), ['spec', 'containers', '[name=a.b]', 'image']);
  assert.deepEqual(splitFieldPath('metadata.annotations.[a.b/c]'), ['metadata', 'annotations', 'a.b/c']);
  assert.deepEqual(splitFieldPath('data.config\\.yaml.x'), ['data', 'config.yaml', 'x']);
  assert.deepEqual(splitVarPath('spec.ports[0].port'), ['spec', 'ports', '0', 'port']);
});

test('variables are expanded as in container arguments', () => {
  const values = new Map<string, string | number>([
    ['A', 'x'],
    ['N', 8080],
  ]);
  const cases: [string, string | number][] = [
    ['$(A)', 'x'],
    ['$(N)', 8080],
    ['--port=$(N)', '--port=8080'],
    ['$(A)$(A)', 'xx'],
    ['$$(A)', '$(A)'],
    ['$(UNKNOWN) $(A)', '$(UNKNOWN) x'],
    ['$(A', '$(A'],
    ['cost: 5$', 'cost: 5$'],
    ['$x$(A)', '$xx'],
  ];
  for (const [text, expected] of cases)
    assert.equal(
      expandVariables(text, (name) => values.get(name)),
      expected,
      text,
    );
});

test('a value is set inside of a document in a string, the rest of which stays', () => {
  const yaml = '# keep\na:\n  b: "1" # here\n  c: [1, 2]';
  assert.equal(setInText(yaml, ['a', 'b'], stringScalar('2'), undefined), '# keep\na:\n  b: "2" # here\n  c: [1, 2]');
  assert.equal(setInText('{"a":{"b":"x"}}', ['a', 'b'], stringScalar('<y>'), undefined), '{"a":{"b":"\\u003cy\\u003e"}}');
  assert.equal(setInText('{\n  "a": "x"\n}', ['a'], stringScalar('y'), undefined), '{\n  "a": "y"\n}');
  assert.equal(setInText('a: 1', ['b'], stringScalar('y'), undefined), undefined);
  assert.equal(setInText('just text', ['b'], stringScalar('y'), undefined), undefined);
});

/** The annotations of a ConfigMap after a patch of them. */
function patchedAnnotations(annotations: string, options: string): unknown {
  const tree = memoryTree({
    'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: {x: "1", y: "2"}\n',
    'kustomization.yaml': `resources: [a.yaml]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a, annotations: ${annotations}}\n  options: {${options}}\n`,
  });
  return build(tree, '.').objects[0]?.metadata.annotations;
}

test('a patch that may rename its target has strings for annotations', () => {
  // kustomize v5.8.1 gives the same.
  assert.deepEqual(patchedAnnotations('{x: null}', 'allowNameChange: false'), { y: '2' });
  assert.deepEqual(patchedAnnotations('{x: null}', 'allowNameChange: true'), { x: 'null', y: '2' });
  assert.deepEqual(patchedAnnotations('{x: null}', 'allowKindChange: true'), { x: 'null', y: '2' });
  assert.deepEqual(patchedAnnotations('null', 'allowNameChange: true'), { x: '1', y: '2' });
});
