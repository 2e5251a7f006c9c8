import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { fieldsOf } from './common/index.js';
import { applyDefaults, createServiceAllocator, prepareCreate, prepareUpdate, type Prepared, type WriteContext } from './index.js';

const TEMPLATE = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } };
const SELECTOR = { matchLabels: { app: 'a' } };

function context(objects: readonly KubeObject[] = []): WriteContext {
  return {
    now: '2026-01-01T00:00:00Z',
    services: createServiceAllocator({ random: () => 0 }),
    lookup: {
      get: (apiVersion, kind, namespace, name) =>
        objects.find(
          (item) =>
            item.apiVersion === apiVersion &&
            item.kind === kind &&
            (namespace === undefined || item.metadata.namespace === namespace) &&
            item.metadata.name === name,
        ),
      list: (apiVersion, kind, namespace) =>
        objects.filter(
          (item) =>
            item.apiVersion === apiVersion && item.kind === kind && (namespace === undefined || item.metadata.namespace === namespace),
        ),
    },
  };
}

function object(apiVersion: string, kind: string, fields: object, metadata: object = {}): KubeObject {
  return { apiVersion, kind, metadata: { name: 'x', namespace: 'n', uid: 'u', ...metadata }, ...fields };
}

function texts({ errors }: Prepared): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

function create(item: KubeObject, others: readonly KubeObject[] = []): Prepared {
  return prepareCreate(applyDefaults(item), context(others));
}

function update(live: KubeObject, change: (stored: KubeObject) => KubeObject): Prepared {
  const prepared = create(live);
  assert.deepEqual(texts(prepared), []);
  return prepareUpdate(applyDefaults(change(prepared.object)), prepared.object, context());
}

test('complete objects come back as they are: nothing is copied without a need', () => {
  const items = [
    object('apps/v1', 'Deployment', { spec: { selector: SELECTOR, template: TEMPLATE } }),
    object('apps/v1', 'StatefulSet', { spec: { selector: SELECTOR, template: TEMPLATE, volumeClaimTemplates: [{ spec: {} }] } }),
    object('apps/v1', 'DaemonSet', { spec: { selector: SELECTOR, template: TEMPLATE } }),
    object('batch/v1', 'Job', { spec: { template: TEMPLATE } }),
    object('batch/v1', 'CronJob', { spec: { jobTemplate: { spec: { template: TEMPLATE } } } }),
    object('v1', 'Pod', { spec: { ...TEMPLATE.spec, volumes: [{ name: 'v' }], hostNetwork: true } }),
    object('v1', 'Service', { spec: { ports: [{ port: 80 }], type: 'LoadBalancer' } }),
    object('v1', 'Secret', { stringData: { a: 'b' } }),
    object('v1', 'LimitRange', { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } }),
    object('networking.k8s.io/v1', 'NetworkPolicy', { spec: { egress: [{ ports: [{ port: 1 }] }] } }),
    object('autoscaling/v2', 'HorizontalPodAutoscaler', { spec: { maxReplicas: 3, behavior: {} } }),
    object('autoscaling/v1', 'HorizontalPodAutoscaler', { spec: { maxReplicas: 3 } }),
  ];
  for (const item of items) {
    const complete = applyDefaults(item);
    assert.notEqual(complete, item, item.kind);
    assert.equal(applyDefaults(complete), complete, item.kind);
  }
});

test('defaults are those of the API server', () => {
  const cases: [name: string, item: KubeObject, path: (item: KubeObject) => unknown, expected: unknown][] = [
    [
      'latest is pulled always',
      object('v1', 'Pod', { spec: { containers: [{ name: 'c', image: 'nginx' }] } }),
      container('imagePullPolicy'),
      'Always',
    ],
    [
      'a tag is not',
      object('v1', 'Pod', { spec: { containers: [{ name: 'c', image: 'r:5000/nginx:1' }] } }),
      container('imagePullPolicy'),
      'IfNotPresent',
    ],
    [
      'nor is a digest',
      object('v1', 'Pod', { spec: { containers: [{ name: 'c', image: 'nginx@sha256:0' }] } }),
      container('imagePullPolicy'),
      'IfNotPresent',
    ],
    [
      'requests are the limits, in pods',
      object('v1', 'Pod', {
        spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '1' }, requests: { memory: '1Gi' } } }] },
      }),
      container('resources'),
      { limits: { cpu: '1' }, requests: { memory: '1Gi', cpu: '1' } },
    ],
    [
      'text becomes data',
      object('v1', 'Secret', { stringData: { a: 'b' }, data: { a: 'eA==', c: 'eA==' } }),
      (item) => item['data'],
      { a: 'Yg==', c: 'eA==' },
    ],
    [
      'a namespace has its name as a label',
      object('v1', 'Namespace', {}),
      (item) => item.metadata.labels,
      { 'kubernetes.io/metadata.name': 'x' },
    ],
    [
      'a policy with egress rules is about both',
      object('networking.k8s.io/v1', 'NetworkPolicy', { spec: { egress: [{}] } }),
      (item) => fieldsOf(item['spec'])['policyTypes'],
      ['Ingress', 'Egress'],
    ],
  ];
  for (const [name, item, path, expected] of cases) assert.deepEqual(path(applyDefaults(item)), expected, name);
});

test('what the API server refuses is refused in its words', () => {
  const deployment = (spec: object): KubeObject =>
    object('apps/v1', 'Deployment', { spec: { selector: SELECTOR, template: TEMPLATE, ...spec } });
  const podWith = (spec: object): KubeObject =>
    object('apps/v1', 'Deployment', { spec: { selector: SELECTOR, template: { ...TEMPLATE, spec } } });
  const at = 'spec.template.spec';
  const cases: [item: KubeObject, ...expected: string[]][] = [
    [
      deployment({ selector: { matchLabels: { app: 'b' } } }),
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ],
    [deployment({ replicas: -1 }), 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    [
      deployment({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } }),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
    ],
    [
      podWith({ containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/a' }] }] }),
      `${at}.containers[0].volumeMounts[0].name: Not found: "v"`,
    ],
    [
      podWith({ containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', emptyDir: {}, configMap: { name: 'm' } }] }),
      `${at}.volumes[0].configMap: Forbidden: may not specify more than 1 volume type`,
    ],
    [
      podWith({ containers: [{ name: 'c', image: 'i', readinessProbe: { periodSeconds: 1 } }] }),
      `${at}.containers[0].readinessProbe: Required value: must specify a handler type`,
    ],
    [
      podWith({ containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1500m' }, limits: { cpu: '1' } } }] }),
      `${at}.containers[0].resources.requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1`,
    ],
    [
      podWith({
        containers: [{ name: 'c', image: 'i', env: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }],
      }),
      `${at}.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
    ],
    [
      object('v1', 'Service', { spec: { ports: [{ port: 80 }, { port: 80, name: 'b' }] } }),
      'spec.ports[0].name: Required value',
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ],
    [
      object('batch/v1', 'CronJob', {
        spec: { schedule: '* * * *', jobTemplate: { spec: { template: { spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } } } } },
      }),
      'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]',
    ],
    [
      object('v1', 'ConfigMap', { data: { 'a b': '' } }, { name: 'A' }),
      "metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
    [object('v1', 'PersistentVolumeClaim', { spec: { accessModes: ['ReadWriteOnce'] } }), 'spec.resources[storage]: Required value'],
    [
      object('networking.k8s.io/v1', 'Ingress', { spec: { rules: [{ host: '10.0.0.1' }] } }),
      'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
    ],
  ];
  for (const [item, ...expected] of cases) assert.deepEqual(texts(create(item)), expected, item.kind);
});

test('what may not change is kept', () => {
  const service = update(object('v1', 'Service', { spec: { ports: [{ port: 80 }] } }), (stored) => ({
    ...stored,
    spec: { ...fieldsOf(stored['spec']), clusterIP: '10.96.9.9' },
  }));
  assert.deepEqual(texts(service), ['spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: may not change once set']);

  const kept = update(object('v1', 'Service', { spec: { ports: [{ port: 80 }] } }), (stored) => ({
    ...stored,
    spec: { ports: [{ port: 81 }] },
  }));
  assert.deepEqual(texts(kept), []);
  assert.equal(fieldsOf(kept.object['spec'])['clusterIP'], '10.96.0.2');

  const sealed = update(object('v1', 'ConfigMap', { data: { a: '1' }, immutable: true }), (stored) => ({ ...stored, data: { a: '2' } }));
  assert.deepEqual(texts(sealed), ['data: Forbidden: field is immutable when `immutable` is set']);

  const status = prepareUpdate(
    { ...object('apps/v1', 'Deployment', { spec: { replicas: 9 } }), status: { replicas: 1 } },
    object('apps/v1', 'Deployment', { spec: { replicas: 1 }, status: {} }),
    { ...context(), subresource: 'status' },
  );
  assert.deepEqual([status.object['spec'], status.object['status']], [{ replicas: 1 }, { replicas: 1 }]);
});

test('only changes of the spec, and annotations of Deployments, count as generations', () => {
  const deployment = object('apps/v1', 'Deployment', { spec: { selector: SELECTOR, template: TEMPLATE } });
  const generation = (change: (stored: KubeObject) => KubeObject): number | undefined =>
    update(deployment, change).object.metadata.generation;
  assert.equal(
    generation((stored) => ({ ...stored, metadata: { ...stored.metadata, labels: { a: 'b' } } })),
    1,
  );
  assert.equal(
    generation((stored) => ({ ...stored, metadata: { ...stored.metadata, annotations: { a: 'b' } } })),
    2,
  );
  assert.equal(
    generation((stored) => ({ ...stored, spec: { ...fieldsOf(stored['spec']), replicas: 2 } })),
    2,
  );
});

test('admission gives pods an account, its token, and what limits say', () => {
  const others = [
    object('v1', 'ServiceAccount', {}, { name: 'default' }),
    object('v1', 'LimitRange', {
      spec: { limits: [{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '500m' }, max: { cpu: '2' } }] },
    }),
  ];
  const pod = (resources: object): KubeObject => object('v1', 'Pod', { spec: { containers: [{ name: 'c', image: 'i', resources }] } });
  const { object: admitted, forbidden } = create(pod({}), others);
  const spec = fieldsOf(admitted['spec']);
  const [container] = spec['containers'] as Record<string, unknown>[];
  assert.equal(forbidden, undefined);
  assert.equal(spec['serviceAccountName'], 'default');
  assert.deepEqual(container?.['resources'], { limits: { cpu: '1' }, requests: { cpu: '500m' } });
  assert.match(JSON.stringify(container?.['volumeMounts']), /serviceaccount/);
  assert.equal(create(pod({ limits: { cpu: '3' } }), others).forbidden, 'maximum cpu usage per Container is 2, but limit is 3');
  assert.equal(create(pod({})).forbidden, 'error looking up service account n/default: serviceaccount "default" not found');
});

test('keys that are names of Object.prototype are keys like any other', () => {
  const labels = JSON.parse('{"constructor":"a","toString":"b"}') as Record<string, string>;
  const data = JSON.parse('{"__proto__":"YQ==","constructor":"Yg=="}') as Record<string, string>;
  const stringData = JSON.parse('{"__proto__":"text"}') as Record<string, string>;
  const { object: stored, errors } = create(object('v1', 'Secret', { data, stringData }, { labels }));
  assert.deepEqual(errors, []);
  assert.deepEqual(Object.entries(stored['data'] as object), [
    ['__proto__', 'dGV4dA=='],
    ['constructor', 'Yg=='],
  ]);
});

function container(field: string): (item: KubeObject) => unknown {
  return (item) => (fieldsOf(item['spec'])['containers'] as Record<string, unknown>[])[0]?.[field];
}

test('quotas hold what would exceed them, and pods that do not say what they take', () => {
  const quota = object(
    'v1',
    'ResourceQuota',
    { spec: { hard: { configmaps: '1', 'requests.cpu': '1', 'count/deployments.apps': '0' } } },
    { name: 'q' },
  );
  const account = object('v1', 'ServiceAccount', {}, { name: 'default' });
  const pod = (name: string, requests: object): KubeObject =>
    object('v1', 'Pod', { spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }] } }, { name });
  const refusal = (item: KubeObject, ...others: KubeObject[]): string | undefined => create(item, [quota, account, ...others]).forbidden;
  assert.equal(refusal(object('v1', 'ConfigMap', {})), undefined);
  assert.equal(
    refusal(object('v1', 'ConfigMap', {}), object('v1', 'ConfigMap', {}, { name: 'y' })),
    'exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
  );
  assert.equal(refusal(pod('a', {})), 'failed quota: q: must specify requests.cpu for: c');
  assert.equal(refusal(pod('a', { cpu: '600m' })), undefined);
  assert.equal(
    refusal(pod('b', { cpu: '600m' }), pod('a', { cpu: '600m' })),
    'exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1',
  );
  const deployment = object('apps/v1', 'Deployment', { spec: { selector: SELECTOR, template: TEMPLATE } });
  assert.match(refusal(deployment) ?? '', /requested: count\/deployments.apps=1, used: count\/deployments.apps=0/);
});
