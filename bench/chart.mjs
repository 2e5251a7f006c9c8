// A chart as monitoring stacks have it: rules with templates of Prometheus among those of Helm, dashboards of one line each,
// helpers that are included everywhere, subcharts. It renders to about 660 kB.

const encode = (text) => new TextEncoder().encode(text);

/** The files of the chart, for `loadChartFiles`. */
export function monitoringChart({ rules = 36, alerts = 12, dashboards = 33, panels = 23, exporters = 3 } = {}) {
  const files = new Map([
    ['Chart.yaml', 'apiVersion: v2\nname: monitoring\nversion: 1.2.3\nappVersion: v0.9.0\ntype: application\n'],
    ['values.yaml', values(rules, alerts)],
    ['templates/_helpers.tpl', helpers('monitoring')],
  ]);
  for (let index = 0; index < rules; index++) files.set(`templates/rules/group-${index}.yaml`, ruleFile(index, alerts));
  for (let index = 0; index < dashboards; index++) files.set(`templates/dashboards/board-${index}.yaml`, dashboard(index, panels));
  for (let index = 0; index < exporters; index++) {
    const name = `exporter-${index}`;
    files.set(`charts/${name}/Chart.yaml`, `apiVersion: v2\nname: ${name}\nversion: 0.${index}.0\n`);
    files.set(`charts/${name}/values.yaml`, EXPORTER_VALUES);
    files.set(`charts/${name}/templates/_helpers.tpl`, helpers(name));
    files.set(`charts/${name}/templates/deployment.yaml`, workload(name));
  }
  return Array.from(files, ([name, text]) => ({ name, data: encode(text) }));
}

function helpers(name) {
  return `{{- define "${name}.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "${name}.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 26 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "${name}.name" .) | trunc 26 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "${name}.labels" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: "{{ replace "+" "_" .Chart.Version }}"
app.kubernetes.io/part-of: {{ template "${name}.name" . }}
chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
release: {{ $.Release.Name | quote }}
{{- if .Values.commonLabels }}
{{ toYaml .Values.commonLabels }}
{{- end }}
{{- end }}
`;
}

function values(rules, alerts) {
  const disabled = Array.from({ length: alerts }, (_, index) => `    Alert0x${index}: false`).join('\n');
  const groups = Array.from({ length: rules }, (_, index) => `    group${index}: true`).join('\n');
  return `nameOverride: ""
fullnameOverride: ""
commonLabels: {team: platform, tier: monitoring}
rules:
  create: true
  groups:
${groups}
  disabled:
${disabled}
  labels: {}
  annotations: {}
  ruleLabels: {severity_scale: five}
  runbookUrl: https://runbooks.example.com/runbooks
  aggregationLabels: [cluster]
dashboards:
  enabled: true
  label: grafana_dashboard
  labelValue: "1"
  interval: 1m
  multicluster: false
`;
}

function alert(group, index) {
  const name = `Alert${group}x${index}`;
  return `{{- if not (.Values.rules.disabled.${name} | default false) }}
    - alert: ${name}
      annotations:
{{- if .Values.rules.annotations }}
{{ toYaml .Values.rules.annotations | indent 8 }}
{{- end }}
        description: 'Job {{ "{{" }} $labels.job {{ "}}" }} on {{\`{{\`}} $labels.instance {{\`}}\`}} has failed {{\`{{\`}} $value | humanizePercentage {{\`}}\`}} of its requests for more than a quarter of an hour in namespace {{ $namespace }}.'
        runbook_url: {{ .Values.rules.runbookUrl }}/group-${group}/${name.toLowerCase()}
        summary: Requests of a job fail.
      expr: |-
        sum by (job, namespace{{ range $.Values.rules.aggregationLabels }}, {{ . }}{{ end }}) (rate(requests_total{job="{{ $job }}",code=~"5..",namespace=~"{{ $namespace }}"}[5m]))
          /
        sum by (job, namespace{{ range $.Values.rules.aggregationLabels }}, {{ . }}{{ end }}) (rate(requests_total{job="{{ $job }}",namespace=~"{{ $namespace }}"}[5m])) > 0.0${index + 1}
      for: {{ dig "${name}" "for" "15m" .Values.rules }}
      labels:
        severity: ${index % 3 === 0 ? 'critical' : 'warning'}
{{- with .Values.rules.ruleLabels }}
        {{- toYaml . | nindent 8 }}
{{- end }}
{{- end }}`;
}

function ruleFile(group, alerts) {
  return `{{- /* Alerts of group ${group}. */ -}}
{{- $version := default .Capabilities.KubeVersion.GitVersion .Values.kubeVersionOverride }}
{{- if and (semverCompare ">=1.14.0-0 <9.9.9-9" $version) .Values.rules.create .Values.rules.groups.group${group} }}
{{- $job := "job-${group}" }}
{{- $namespace := .Release.Namespace }}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ printf "%s-%s" (include "monitoring.fullname" .) "group-${group}" | trunc 63 | trimSuffix "-" }}
  namespace: {{ .Release.Namespace }}
  labels:
    app: {{ template "monitoring.name" . }}
{{ include "monitoring.labels" . | indent 4 }}
{{- if .Values.rules.labels }}
{{ toYaml .Values.rules.labels | indent 4 }}
{{- end }}
spec:
  groups:
  - name: group-${group}
    rules:
${Array.from({ length: alerts }, (_, index) => alert(group, index)).join('\n')}
{{- end }}
`;
}

function dashboard(board, panels) {
  const shown = Array.from({ length: panels }, (_, index) => ({
    datasource: { type: 'prometheus', uid: '${datasource}' },
    fieldConfig: { defaults: { custom: { fillOpacity: 10, showPoints: 'never' }, unit: 'percentunit' } },
    gridPos: { h: 7, w: 12, x: (index % 2) * 12, y: index * 7 },
    id: index + 1,
    targets: [
      {
        expr: `sum(rate(requests_total{cluster="$cluster",job="job-${board}",code=~"5.."}[$__rate_interval])) by (instance) / ${index + 1}`,
        legendFormat: '{{`{{`}}instance{{`}}`}}',
      },
    ],
    title: `Panel ${index} of ${board}`,
    type: 'timeseries',
  }));
  const text = JSON.stringify({ editable: false, panels: shown, refresh: 'INTERVAL', title: `Board ${board}`, uid: `board-${board}` });
  return `{{- if .Values.dashboards.enabled }}
apiVersion: v1
kind: ConfigMap
metadata:
  namespace: {{ .Release.Namespace }}
  name: {{ printf "%s-%s" (include "monitoring.fullname" $) "board-${board}" | trunc 63 | trimSuffix "-" }}
  labels:
    {{- if $.Values.dashboards.label }}
    {{ tpl $.Values.dashboards.label $ }}: {{ ((tpl $.Values.dashboards.labelValue $) | default 1) | quote }}
    {{- end }}
{{ include "monitoring.labels" $ | indent 4 }}
data:
  board-${board}.json: |-
    ${text.replace('INTERVAL', '{{ .Values.dashboards.interval }}')}
{{- end }}
`;
}

const EXPORTER_VALUES = `replicas: 2
image: {registry: registry.example.com, repository: exporters/exporter, tag: "", pullPolicy: IfNotPresent}
resources: {limits: {cpu: 100m, memory: 64Mi}, requests: {cpu: 50m, memory: 32Mi}}
ports: [{name: metrics, port: 9100}, {name: health, port: 9101}]
env: {LOG_LEVEL: info, LOG_FORMAT: json, CONCURRENCY: "4"}
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{effect: NoSchedule, operator: Exists}]
affinity: {}
`;

function workload(name) {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "${name}.fullname" . }}
  labels: {{ include "${name}.labels" . | indent 4 }}
spec:
  replicas: {{ .Values.replicas | int }}
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ include "${name}.name" . }}
  template:
    metadata:
      labels: {{ include "${name}.labels" . | indent 8 }}
      annotations:
        checksum/values: {{ toJson .Values | sha256sum }}
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.Version }}"
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          env:
          {{- range $key, $value := .Values.env }}
            - name: {{ $key | upper }}
              value: {{ $value | quote }}
          {{- end }}
          ports:
          {{- range .Values.ports }}
            - name: {{ .name }}
              containerPort: {{ .port | int }}
          {{- end }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
      {{- with .Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.affinity }}
      affinity: {{- toYaml . | nindent 8 }}
      {{- end }}
`;
}
