// objects: what the API server's object engine costs per call. `node bench/objects.mjs [--quick]`
// For comparison: a whole no-change apply costs a real kube-apiserver about 1.2 ms of CPU.
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { compileExpression } from '../packages/cel/dist/index.js';
import { applySchemaDefaults, compileSchema, pruneValue, validateObject } from '../packages/schema/dist/index.js';
// The engine is inside the package: it has no door of its own.
import {
  applyObject,
  builtinType,
  canonicalObject,
  decodeObject,
  patchObject,
  trackUpdate,
} from '../packages/apiserver/dist/objects/index.js';

const NOW = '2026-01-01T00:00:00Z';

function deployment(replicas = 2, image = 'registry.example.com/app:1') {
  const labels = { 'app.kubernetes.io/name': 'app', 'app.kubernetes.io/part-of': 'shop' };
  const probe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10 };
  const container = {
    name: 'app',
    image,
    args: ['serve', '--port=8080'],
    ports: [{ name: 'http', containerPort: 8080 }],
    env: Array.from({ length: 8 }, (_, index) => ({ name: `SETTING_${index}`, value: `value ${index}` })),
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    livenessProbe: probe,
    readinessProbe: probe,
    volumeMounts: [{ name: 'config', mountPath: '/etc/app' }],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app', namespace: 'shop', labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { serviceAccountName: 'app', containers: [container], volumes: [{ name: 'config', configMap: { name: 'app' } }] },
      },
    },
  };
}

/** Microseconds per call, after a warm-up, best of three rounds. */
function time(quick, call) {
  const rounds = quick ? 1 : 3;
  const calls = quick ? 500 : 5000;
  for (let index = 0; index < calls; index++) call();
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    for (let index = 0; index < calls; index++) call();
    best = Math.min(best, ((performance.now() - started) * 1000) / calls);
  }
  return best;
}

export async function run({ quick = false, print = console.log } = {}) {
  const report = (name, call) => print(`${name.padEnd(52)} ${time(quick, call).toFixed(1).padStart(8)} µs`);
  const type = builtinType('apps/v1', 'Deployment');
  const apply = (live, applied, manager) => applyObject({ live, applied, manager, type, force: true, now: NOW });
  const created = apply(undefined, deployment(), 'sluice');
  const live = canonicalObject(type, { ...created, metadata: { ...created.metadata, uid: 'u', resourceVersion: '1' } });
  if (apply(live, deployment(), 'sluice') !== live) throw new Error('a no-op is none');
  report('apply a Deployment, no change', () => apply(live, deployment(), 'sluice'));
  let flip = 0;
  report('apply a Deployment, image changed', () => apply(live, deployment(2, `registry.example.com/app:${flip++ % 2}x`), 'sluice'));
  report('apply a Deployment, created', () => apply(undefined, deployment(), 'sluice'));
  const text = JSON.stringify(deployment());
  report('decode a Deployment (parse, check, canonical)', () => decodeObject({ type, text, format: 'json', validation: 'Warn' }));
  const next = canonicalObject(type, { ...live, spec: { ...live.spec, replicas: 3 } });
  report('track an update of a Deployment', () => trackUpdate({ live, next, manager: 'kubectl', type, now: NOW }));
  const patch = JSON.stringify({ spec: { template: { spec: { containers: [{ name: 'app', image: 'x' }] } } } });
  report('strategic merge patch of a Deployment', () =>
    patchObject({ type, live, patchType: 'strategic', text: patch, validation: 'Warn' }),
  );

  const schema = compileSchema(resourceSchema());
  const resource = {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'a' },
    spec: {
      interval: '5m',
      url: 'https://example.com/repo',
      refs: { branch: 'main' },
      items: [
        { name: 'a', size: 1 },
        { name: 'b', size: 2 },
      ],
    },
  };
  report('custom resource: prune, default, validate, 2 rules', () => {
    validateObject(schema, applySchemaDefaults(schema, pruneValue(schema, resource, { isResource: true }).value));
  });
  const expression = compileExpression("dep.status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')", {
    variables: ['dep'],
  });
  const dep = {
    status: {
      conditions: [
        { type: 'Reconciling', status: 'True' },
        { type: 'Ready', status: 'True' },
      ],
    },
  };
  report('CEL: evaluate a ready expression', () => expression.evaluate({ dep }));
  report('CEL: compile it', () =>
    compileExpression("dep.status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')", { variables: ['dep'] }),
  );
}

function resourceSchema() {
  const text = { type: 'string', maxLength: 200 };
  return {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['interval', 'url'],
        'x-kubernetes-validations': [{ rule: '!has(self.suspend) || !self.suspend || has(self.reason)', message: 'a reason is needed' }],
        properties: {
          interval: { type: 'string', pattern: '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$' },
          timeout: { type: 'string', default: '60s' },
          url: { ...text, pattern: '^(http|https|ssh)://.*$' },
          suspend: { type: 'boolean' },
          reason: text,
          refs: { type: 'object', properties: { branch: text, tag: text, commit: text } },
          items: {
            type: 'array',
            maxItems: 20,
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
            items: {
              type: 'object',
              required: ['name'],
              'x-kubernetes-validations': [{ rule: 'self.size > 0' }],
              properties: { name: text, size: { type: 'integer' } },
            },
          },
        },
      },
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run({ quick: process.argv.includes('--quick') });
