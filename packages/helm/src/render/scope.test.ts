import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadChartFiles } from '../chart/load.js';
import { renderFiles } from './render.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function output(template: string): string {
  const chart = loadChartFiles([
    { name: 'Chart.yaml', data: encode('apiVersion: v2\nname: c\nversion: 1.0.0\n') },
    { name: 'a.txt', data: encode('A') },
    { name: 'bin', data: Uint8Array.of(0xff, 0x41) },
    { name: 'templates/t.yaml', data: encode(template) },
  ]);
  return renderFiles(chart, {}, { name: 'r', namespace: 'ns' }).files.get('c/templates/t.yaml') ?? '';
}

const CASES: readonly (readonly [template: string, output: string])[] = [
  [
    '{{ typeOf . }} {{ typeOf .Values }} {{ typeOf .Template }} {{ typeOf .Files }}',
    'common.Values common.Values common.Values engine.files',
  ],
  ['{{ printf "%#v" .Files }}', 'engine.files{"a.txt":[]uint8{0x41}, "bin":[]uint8{0xff, 0x41}}'],
  ['{{ (fromYaml (.Files.Get "bin")).Error }}', 'error converting YAML to JSON: yaml: invalid leading UTF-8 octet'],
  ['{{ camelcase "_" }}', '__'],
  ['{{ toToml .Files }}', '"a.txt" = [65]\nbin = [255, 65]\n'],
  ['{{ toYamlPretty .Files }}', 'a.txt:\n  - 65\nbin:\n  - 255\n  - 65'],
  ['{{ .Capabilities.KubeVersion }} {{ .Capabilities.KubeVersion | default "" }}', 'v1.36.0 {v1.36.0 v1.36.0 1 36}'],
  ['{{ (fromToml "k: v").Error }}', "toml: line 1: expected '.' or '=', but got ':' instead"],
  ['{{ (fromToml "k v").Error }}', "toml: line 1: expected '.' or '=', but got 'v' instead"],
];
for (const [template, expected] of CASES) test(template, () => assert.equal(output(template), expected));

const FAULTS: readonly (readonly [template: string, message: RegExp])[] = [
  ['{{ printf . }}', /expected string; got common\.Values/],
  ['{{ omit .Files "a" }}', /expected map\[string\]interface \{\}; got engine\.files/],
  ['{{ index .Capabilities 0 }}', /can't index item of type common\.Capabilities/],
];
for (const [template, message] of FAULTS) test(`${template} fails as in Helm`, () => assert.throws(() => output(template), { message }));
