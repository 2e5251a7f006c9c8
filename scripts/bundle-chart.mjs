// The chart that is rendered while a bundle is made, so that the code for it is kept: every construct that is common, and
// small, since what runs too often is optimized, and not kept.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { monitoringChart } from '../bench/chart.mjs';
import { packageChart } from '../packages/sources/dist/index.js';

/** What charts say that the monitoring stack does not: expressions, merged values, conditions of dependencies, quotes. */
const commonWords = [
  {
    name: 'Chart.yaml',
    data: Buffer.from(`apiVersion: v2
name: monitoring
version: 1.2.3
kubeVersion: ">=1.25.0-0"
maintainers: [{name: example}]
dependencies:
  - {name: exporter-0, version: 0.*, repository: "", condition: exporter-0.enabled, tags: [exporters]}
`),
  },
  {
    name: 'templates/common.yaml',
    data: Buffer.from(`{{- $all := mergeOverwrite (dict "a" "1") (dict "b" (list 1 2)) }}
{{- $name := regexReplaceAll "[^a-z0-9-]+" (lower "Some Name") "-" | trimSuffix "-" }}
{{- if and (semverCompare ">=1.20-0" .Capabilities.KubeVersion.GitVersion) (regexMatch "(?i)^some" $name) (ne (deepCopy $all | toJson) "") }}
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}-{{ .Files.Get "none" | sha256sum | trunc 8 }}
  labels: {{- merge (dict "x" "y") (omit $all "b") | toYaml | nindent 4 }}
  annotations:
    quoted: 'it''s'
    folded: "one
      two\t\u00e9"
    text: >-
      {{ tpl "{{ .Release.Name | upper }}" . }}
      {{ join "," (concat (list "a") (splitList "." "b.c")) | b64enc }}
data:
  password: {{ randAlphaNum 8 | b64enc | quote }}
  {{- range $key, $value := (lookup "v1" "Secret" .Release.Namespace "none").data | default dict }}
  {{ $key }}: {{ $value }}
  {{- end }}
{{- else if not (hasKey $all "c") }}{{ fail "never" }}
{{- end }}
`),
  },
];

/** Writes the chart, as a directory and packed. Returns where everything is. */
export function writeChart() {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
  const unpacked = join(directory, 'chart');
  const stack = monitoringChart({ rules: 2, alerts: 2, dashboards: 2, panels: 2, exporters: 1 });
  const files = [...stack.filter(({ name }) => name !== 'Chart.yaml'), ...commonWords];
  for (const { name, data } of files) {
    mkdirSync(dirname(join(unpacked, name)), { recursive: true });
    writeFileSync(join(unpacked, name), data);
  }
  const packed = join(directory, 'chart.tgz');
  writeFileSync(packed, packageChart(files));
  return { directory, unpacked, packed };
}
