import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Chart } from '../chart/chart.js';
import { loadChartFiles } from '../chart/load.js';
import { createRenderer } from './renderer.js';

const renderer = createRenderer({ workers: 1, timeout: 20_000, memory: 256 });
after(() => renderer.close());

const file = (name: string, text: string): { name: string; data: Uint8Array } => ({ name, data: new TextEncoder().encode(text) });

function chartWith(template: string): Chart {
  return loadChartFiles([file('Chart.yaml', 'apiVersion: v2\nname: c\nversion: 1.0.0\n'), file('templates/a.yaml', template)]);
}

const web = { name: 'web', namespace: 'apps' };

test('a chart renders in a worker, again and again', async () => {
  const chart = chartWith('kind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}-{{ .Values.n }}"}\n');
  for (const n of [1n, 2n, 3n]) {
    const { manifests } = await renderer.render(chart, { n }, web);
    assert.deepEqual(
      manifests.map(({ kind, name }) => [kind, name]),
      [['ConfigMap', `web-${n}`]],
    );
  }
});

const nested = (times: number): Chart =>
  chartWith(
    `{{ define "d" }}{{ if gt (int .n) 1 }}{{ with dict "n" (sub (int .n) 1) }}{{ range list . }}{{ include "d" . }}{{ end }}{{ end }}{{ end }}x{{ end }}v: {{ include "d" (dict "n" ${times}) }}`,
  );

test('includes nest a thousand times, as Helm lets them, and no more', async () => {
  const { manifests } = await renderer.render(nested(1_000), {}, web);
  assert.equal(manifests[0]?.content, `v: ${'x'.repeat(1_000)}`);
  await assert.rejects(renderer.render(nested(2_000), {}, web), {
    reason: 'RenderFailed',
    message: /error calling include: rendering template has a nested reference name: d: unable to execute template$/,
  });
});

test('lookup waits for the cluster', async () => {
  const chart = chartWith('v: {{ (lookup "v1" "Secret" .Release.Namespace "s").data.p }} {{ lookup "v1" "Secret" "x" "none" }}');
  const { manifests } = await renderer.render(chart, {}, web, {
    lookup: async (_apiVersion, _kind, namespace) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return namespace === 'apps' ? { data: { p: 'found' } } : undefined;
    },
  });
  assert.equal(manifests[0]?.content.trim(), 'v: found map[]');
});

test('what the cluster refuses is an error of the template', async () => {
  const chart = chartWith('{{ lookup "v1" "Nope" "" "" }}');
  const job = { lookup: () => Promise.reject(new Error('the server could not find it')) };
  await assert.rejects(renderer.render(chart, {}, web, job), {
    reason: 'RenderFailed',
    message: /a\.yaml:1:3.*error calling lookup: the server/s,
  });
});

test('an error comes over with its reason and its place', async () => {
  await assert.rejects(renderer.render(chartWith('x\n{{ fail "no" }}'), {}, web), {
    reason: 'RenderFailed',
    message: 'execution error at (c/templates/a.yaml:2:3): no',
    place: { file: 'c/templates/a.yaml', line: 2, column: 4 },
  });
});

test('a template that does not end is stopped at its deadline, and the next one renders', async () => {
  const endless = chartWith('{{ range $i := until 2000000 }}{{ range $j := until 2000000 }}{{ end }}{{ end }}');
  await assert.rejects(renderer.render(endless, {}, web, { timeout: 300 }), (error: { reason: string }) =>
    /RenderTimeout|TemplateOverLimit/.test(error.reason),
  );
  const { manifests } = await renderer.render(chartWith('a: b'), {}, web);
  assert.equal(manifests.length, 1);
});

test('a template that takes all memory is stopped, and the next one renders', async () => {
  const greedy = chartWith(
    '{{ $d := dict }}{{ range $i := until 3000000 }}{{ $_ := set $d (printf "%d" $i) (list $i $i $i $i $i $i $i $i) }}{{ end }}',
  );
  await assert.rejects(renderer.render(greedy, {}, web), (error: { reason: string }) =>
    /RenderTimeout|TemplateOverLimit/.test(error.reason),
  );
  assert.equal((await renderer.render(chartWith('a: b'), {}, web)).manifests.length, 1);
});

test('a template that runs away holds up nobody until its deadline', async () => {
  const patient = createRenderer({ workers: 1, patience: 50, timeout: 20_000 });
  try {
    const endless = chartWith('{{ range $i := until 2000000 }}{{ range $j := until 2000000 }}{{ end }}{{ end }}');
    const controller = new AbortController();
    let ended = false;
    const bomb = patient.render(endless, {}, web, { signal: controller.signal }).finally(() => (ended = true));
    bomb.catch(() => undefined);
    const others = await Promise.all([1, 2, 3].map((n) => patient.render(chartWith(`a: ${n}`), {}, web)));
    assert.deepEqual(
      others.map(({ manifests }) => manifests[0]?.content),
      ['a: 1', 'a: 2', 'a: 3'],
    );
    assert.equal(ended, false);
    controller.abort(new Error('enough'));
    await assert.rejects(bomb, { message: 'enough' });
  } finally {
    await patient.close();
  }
});

test('a rendering can be given up', async () => {
  const endless = chartWith('{{ range $i := until 2000000 }}{{ range $j := until 2000000 }}{{ end }}{{ end }}');
  const controller = new AbortController();
  const rendering = renderer.render(endless, {}, web, { signal: controller.signal });
  controller.abort(new Error('given up'));
  await assert.rejects(rendering, { message: 'given up' });
});
