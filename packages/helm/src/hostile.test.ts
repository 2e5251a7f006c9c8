import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { memoryTree } from '@sluice/core';
import { loadChartArchive, loadChartDirectory, loadChartFiles, render, type Chart } from './index.js';

const web = { name: 'web', namespace: 'apps' };
const METADATA = 'apiVersion: v2\nname: c\nversion: 1.0.0\n';

function chart(files: Readonly<Record<string, string>>): Chart {
  const all = { 'Chart.yaml': METADATA, ...files };
  return loadChartFiles(Object.entries(all).map(([name, text]) => ({ name, data: new TextEncoder().encode(text) })));
}

interface Entry {
  readonly path: string;
  readonly content?: string | Uint8Array;
  readonly type?: string;
  readonly target?: string;
}

function archive(entries: readonly Entry[]): Uint8Array {
  const blocks = entries.flatMap(({ path, content = '', type = '0', target = '' }) => {
    const data = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write('0000644\0', 100);
    header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        ', 148);
    header.write(type, 156);
    header.write(target, 157);
    header.write('ustar\u000000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const yaml = { path: 'c/Chart.yaml', content: METADATA };

for (const [what, bytes, reason, message] of [
  ['a path out of it', archive([yaml, { path: 'c/../../etc/passwd' }]), 'ArchiveInvalid', /parent directory/],
  ['an absolute path', archive([yaml, { path: 'c//etc/passwd' }]), 'ArchiveInvalid', /absolute paths/],
  ['a path with a drive', archive([yaml, { path: 'c/c:/windows' }]), 'ArchiveInvalid', /illegally named/],
  ['a symbolic link', archive([yaml, { path: 'c/Chart.lock', type: '2', target: '/etc/passwd' }]), 'ArchiveInvalid', /neither a file nor/],
  ['a device', archive([yaml, { path: 'c/dev', type: '3' }]), 'ArchiveInvalid', /neither a file nor/],
  ['no directory', archive([{ path: 'Chart.yaml', content: METADATA }]), 'ArchiveInvalid', /not in base directory/],
  [
    'a file that is too large',
    archive([yaml, { path: 'c/big', content: new Uint8Array(5 * 1024 * 1024 + 1) }]),
    'ArchiveTooLarge',
    /file "c\/big"/,
  ],
  ['a bomb', gzipSync(new Uint8Array(130 * 1024 * 1024)), 'ArchiveTooLarge', /larger than the maximum size/],
  ['half of itself', archive([yaml]).subarray(0, 60), 'ArchiveInvalid', /broken/],
  ['no archive', new TextEncoder().encode('nope'), 'ArchiveInvalid', /broken/],
  ['nothing', archive([]), 'ArchiveInvalid', /no files/],
] as const) {
  test(`an archive with ${what} is refused`, () => {
    assert.throws(() => loadChartArchive(bytes), { reason, message });
  });
}

test('an archive within itself, again and again, is refused', () => {
  let inner = archive([yaml]);
  for (let level = 0; level < 40; level++) inner = archive([yaml, { path: 'c/charts/c.tgz', content: inner }]);
  assert.throws(() => loadChartArchive(inner), { reason: 'ChartInvalid', message: /nested more than/ });
});

for (const [what, text, message] of [
  ['a name that is a path', 'apiVersion: v2\nname: ../x\nversion: 1.0.0\n', /name "\.\.\/x" is invalid/],
  ['the name ..', 'apiVersion: v2\nname: ..\nversion: 1.0.0\n', /not allowed/],
  ['no version', 'apiVersion: v2\nname: c\n', /version is required/],
  ['an odd version', 'apiVersion: v2\nname: c\nversion: one\n', /version "one" is invalid/],
  ['an odd type', `${METADATA}type: script\n`, /must be application or library/],
  ['a dependency twice', `${METADATA}dependencies: [{name: a}, {name: a}]\n`, /more than one dependency/],
  ['an odd alias', `${METADATA}dependencies: [{name: a, alias: a/b}]\n`, /disallowed characters/],
  ['a list', '- a\n', /cannot unmarshal array/],
  ['broken YAML', 'a: [\n', /cannot load Chart\.yaml/],
] as const) {
  test(`a Chart.yaml with ${what} is refused`, () => {
    assert.throws(() => chart({ 'Chart.yaml': text }), { message });
  });
}

for (const [what, template, message] of [
  ['includes itself', '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}', /nested reference name: x|too deeply/],
  ['calls itself', '{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}', /templates\/a\.yaml/],
  ['is a tpl of itself', '{{ tpl .Values.t . }}', /makes templates of texts more than 200 templates deep/],
  ['repeats a billion times', '{{ repeat 1000000000 "x" }}', /templates\/a\.yaml:1/],
  ['counts to a billion', '{{ until 1000000000 }}', /templates\/a\.yaml:1/],
  ['doubles itself', '{{ $s := "xxxxxxxx" }}{{ range until 60 }}{{ $s = cat $s $s }}{{ end }}', /templates\/a\.yaml:1/],
  ['reads the environment', '{{ env "HOME" }}', /function "env" not defined/],
] as const) {
  test(`a template that ${what} is stopped, and the error says where`, () => {
    const values = { t: '{{ tpl .Values.t . }}' };
    assert.throws(() => render(chart({ 'templates/a.yaml': template }), values, web), { message });
  });
}

test('nothing of the machine or the network is seen', () => {
  const { manifests } = render(
    chart({ 'templates/a.yaml': 'a: "{{ getHostByName "localhost" }}{{ .Files.Get "/etc/passwd" }}{{ lookup "v1" "Secret" "" "" }}"' }),
    {},
    web,
  );
  assert.equal(manifests[0]?.content, 'a: "map[]"');
});

test('keys of JavaScript are keys', () => {
  const { manifests } = render(
    chart({
      'values.yaml': '__proto__: {a: 1}\nconstructor: c\n',
      'templates/a.yaml': 'v: {{ .Values.__proto__.a }}{{ .Values.constructor }}{{ .Values.toString }}',
    }),
    { ...JSON.parse('{"__proto__": {"b": 2}}') },
    web,
  );
  assert.match(manifests[0]?.content ?? '', /^v: 1?c$/);
});

for (const [what, schema, message] of [
  ['refers to another host', '{"$ref": "https://example.com/schema.json"}', /leads out of the chart/],
  ['refers to itself without end', '{"$ref": "#"}', /refers to itself without end/],
  ['is no JSON', '{', /values\.schema\.json: unexpected end of JSON input/],
  ['has a pattern that is none', '{"properties": {"a": {"pattern": "["}}}', /not a valid regular expression/],
  ['is of an unknown draft', '{"$schema": "https://example.com/draft"}', /not one that is known/],
] as const) {
  test(`a schema that ${what} is refused`, () => {
    assert.throws(() => render(chart({ 'values.schema.json': schema }), { a: 'x' }, web), { reason: 'ChartInvalid', message });
  });
}

test('a pattern that would explode takes no time', () => {
  const schema = '{"properties": {"a": {"pattern": "^(a+)+$"}}}';
  assert.throws(() => render(chart({ 'values.schema.json': schema }), { a: `${'a'.repeat(50_000)}!` }, web), { reason: 'ValuesInvalid' });
});

test('a chart in a directory: its .helmignore holds, links do not lead out', () => {
  const tree = memoryTree({
    'c/Chart.yaml': METADATA,
    'c/.helmignore': '*.bak\nsecret/\n',
    'c/a.bak': 'x',
    'c/secret/key': 'x',
    'c/b.txt': 'x',
  });
  assert.deepEqual(
    loadChartDirectory(tree, 'c').files.map(({ name }) => name),
    ['.helmignore', 'b.txt'],
  );
});

const run = (text: string): string => text.replaceAll(/^  name: /gm, '  name: x-');

test('post-renderers see all documents, and these find back to their templates', () => {
  const files = {
    'templates/a.yaml': 'kind: ConfigMap\nmetadata: {name: a}\n',
    'templates/h.yaml': 'kind: Job\nmetadata: {name: h, annotations: {helm.sh/hook: test}}\n',
  };
  for (const strategy of ['combined', 'separate', 'nohooks'] as const) {
    const { manifests, hooks } = render(chart(files), {}, web, { postRenderer: { run, strategy } });
    assert.deepEqual([manifests[0]?.name, manifests[0]?.path], ['x-a', 'c/templates/a.yaml']);
    assert.deepEqual([hooks[0]?.name, hooks[0]?.path], [strategy === 'nohooks' ? 'h' : 'x-h', 'c/templates/h.yaml']);
  }
});
