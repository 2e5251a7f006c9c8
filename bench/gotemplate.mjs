// Templates as charts have them: text, pipelines, ranges, helpers that are included. Measured warm, in the process.
//   node bench/gotemplate.mjs [--quick]
import { pathToFileURL } from 'node:url';
import { createTemplateCache, createTemplates, contextFunction, sprigFunctions } from '../packages/gotemplate/dist/index.js';

const functions = new Map([
  ...sprigFunctions(),
  ['include', contextFunction(['string', 'any'], 'string', (context, name, data) => context.render(name, data))],
]);

const HELPERS = `{{- define "app.name" -}}{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}{{- end }}
{{- define "app.labels" -}}
app.kubernetes.io/name: {{ include "app.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "app.name" . }}
  labels:
    {{- include "app.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
        {{- range $name, $container := .Values.containers }}
        - name: {{ $name }}
          image: "{{ $container.image.repository }}:{{ $container.image.tag | default $.Chart.AppVersion }}"
          {{- with $container.env }}
          env:
            {{- range . }}
            - name: {{ .name | upper | quote }}
              value: {{ printf "%s-%v" .value $.Release.Revision | quote }}
            {{- end }}
          {{- end }}
          {{- if and $container.ports (gt (len $container.ports) 0) }}
          ports:
            {{- range $container.ports }}
            - containerPort: {{ . | int }}
            {{- end }}
          {{- end }}
        {{- end }}
`;

const containers = Object.fromEntries(
  Array.from({ length: 20 }, (_, index) => [
    `container-${index}`,
    {
      image: { repository: `registry.example.com/app-${index}`, tag: '' },
      env: Array.from({ length: 10 }, (_, env) => ({ name: `variable_${env}`, value: `value-${env}` })),
      ports: [8080, 9090],
    },
  ]),
);

const DATA = {
  Chart: { Name: 'app', AppVersion: '1.2.3' },
  Release: { Name: 'release', Revision: 3 },
  Values: { nameOverride: '', replicas: 2, containers },
};

export async function run({ quick = false, print = console.log } = {}) {
  const cache = createTemplateCache();
  const render = () => {
    const templates = createTemplates({ functions, missingKey: 'zero', cache });
    templates.parse('_helpers.tpl', HELPERS);
    templates.parse('deployment.yaml', DEPLOYMENT);
    return templates.execute('deployment.yaml', DATA);
  };
  const { length } = render();
  const rounds = quick ? 200 : 2_000;
  for (let round = 0; round < rounds / 4; round++) render();
  const started = performance.now();
  for (let round = 0; round < rounds; round++) render();
  const each = (performance.now() - started) / rounds;
  print(
    `render, a deployment of ${(length / 1000).toFixed(1)} kB  ${(each * 1000).toFixed(0)} µs  (${(length / 1000 / each).toFixed(1)} MB/s)`,
  );

  const parseRounds = quick ? 50 : 500;
  const parseStarted = performance.now();
  for (let round = 0; round < parseRounds; round++) createTemplates({ functions }).parse(`t${round}`, DEPLOYMENT);
  const parseEach = (performance.now() - parseStarted) / parseRounds;
  print(`parse, its template of ${(DEPLOYMENT.length / 1000).toFixed(1)} kB  ${(parseEach * 1000).toFixed(0)} µs`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await run({ quick: process.argv.includes('--quick') });
}
