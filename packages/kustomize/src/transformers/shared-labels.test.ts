import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryTree } from '@sluice/core';
import { build } from '../build/build.js';

const base = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {}
  template:
    spec: {}
`;

interface Labels {
  metadata?: { labels?: object; annotations?: object };
  spec: Record<'selector' | 'template', { matchLabels?: object; metadata?: { labels?: object; annotations?: object } }>;
}

/** The object of a base that transformers have been at, with an overlay over it. */
function overlay(inBase: string, inOverlay: string): Labels {
  const tree = memoryTree({
    'base/web.yaml': base,
    'base/kustomization.yaml': `resources: [web.yaml]\n${inBase}`,
    'over/kustomization.yaml': `resources: [../base]\n${inOverlay}`,
  });
  return build(tree, 'over').objects[0] as unknown as Labels;
}

// kustomize v5.8.1 gives the same.
test('a label that was made in several places changes in all of them', () => {
  const { metadata, spec } = overlay('commonLabels: {l: a}\n', 'labels: [{pairs: {l: b}}]\n');
  assert.deepEqual(metadata?.labels, { l: 'b' });
  assert.deepEqual(spec.selector.matchLabels, { l: 'b' });
  assert.deepEqual(spec.template.metadata?.labels, { l: 'b' });
});

test('also when it is patched', () => {
  const patch = 'patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web, labels: {l: b}}\n';
  const { spec } = overlay('commonLabels: {l: a}\n', patch);
  assert.deepEqual(spec.selector.matchLabels, { l: 'b' });
});

test('also when it holds a variable or is the target of a replacement', () => {
  const variable = 'vars:\n- name: NAME\n  objref: {apiVersion: apps/v1, kind: Deployment, name: web}\n';
  assert.deepEqual(overlay('commonLabels: {l: a-$(NAME)}\n', variable).spec.selector.matchLabels, { l: 'a-web' });
  const replacement =
    'replacements:\n- source: {kind: Deployment, fieldPath: metadata.name}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.labels.l]\n';
  assert.deepEqual(overlay('commonLabels: {l: a}\n', replacement).spec.selector.matchLabels, { l: 'web' });
});

test('one that was there before stays apart', () => {
  const { metadata, spec } = overlay('labels: [{pairs: {l: a}}]\ncommonLabels: {l: b}\n', 'labels: [{pairs: {l: c}}]\n');
  assert.deepEqual(metadata?.labels, { l: 'c' });
  assert.deepEqual(spec.selector.matchLabels, { l: 'b' });
});

test('so do annotations, whatever happened to the resource meanwhile', () => {
  const replacement =
    'namePrefix: x-\nreplacements:\n- source: {kind: Deployment, fieldPath: metadata.name}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.annotations.note]\n';
  const { spec } = overlay('commonAnnotations: {note: a}\n', replacement);
  assert.deepEqual(spec.template.metadata?.annotations, { note: 'x-web' });
});

test('after a JSON patch each stands alone', () => {
  const patch = `patches:
- target: {kind: Deployment}
  patch: '[{"op": "replace", "path": "/metadata/labels/l", "value": "b"}]'
`;
  assert.deepEqual(overlay('commonLabels: {l: a}\n', patch).spec.selector.matchLabels, { l: 'a' });
});
