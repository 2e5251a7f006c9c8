import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { applyDefaults, createServiceAllocator, prepareCreate } from './index.js';

// What a real API server finds wrong, or warns of, in objects that are nearly right.

const TEMPLATE = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } };
const SELECTOR = { matchLabels: { app: 'a' } };

function prepare(
  apiVersion: string,
  kind: string,
  spec: object,
  name = 'x',
): { faults: string[]; warnings: readonly string[]; object: KubeObject } {
  const object = { apiVersion, kind, metadata: { name, namespace: 'n', uid: 'u' }, spec };
  const {
    errors,
    warnings,
    object: prepared,
  } = prepareCreate(applyDefaults(object), {
    now: '2026-01-01T00:00:00Z',
    services: createServiceAllocator({ random: () => 0 }),
    lookup: { get: (_, found) => (found === 'ServiceAccount' ? object : undefined), list: () => [] },
  });
  return { faults: errors.map(({ field, message }) => `${field}: ${message}`), warnings, object: prepared };
}

const pod = (spec: object): object => ({ ...TEMPLATE.spec, automountServiceAccountToken: false, ...spec });
const badLabel = { matchLabels: { app: 'no good' } };
const labelFault = /^spec\.selector\.matchLabels: Invalid value: "no good"/;

const faults: readonly [name: string, apiVersion: string, kind: string, spec: object, expected: readonly (string | RegExp)[]][] = [
  [
    'a selector that is none is not compared with the template',
    'apps/v1',
    'Deployment',
    { selector: badLabel, template: TEMPLATE },
    [labelFault, 'spec.selector: Invalid value: {"matchLabels":{"app":"no good"}}: invalid label selector'],
  ],
  ['nor is a DaemonSet’s', 'apps/v1', 'DaemonSet', { selector: badLabel, template: TEMPLATE }, [labelFault]],
  [
    'an unknown strategy is shown whole',
    'apps/v1',
    'Deployment',
    { selector: SELECTOR, template: TEMPLATE, strategy: { type: 'X', rollingUpdate: { maxSurge: 1 } } },
    [
      'spec.strategy: Unsupported value: {"Type":"X","RollingUpdate":{"MaxUnavailable":0,"MaxSurge":1}}: supported values: "Recreate", "RollingUpdate"',
    ],
  ],
  [
    'what becomes of claims is one of two things',
    'apps/v1',
    'StatefulSet',
    { selector: SELECTOR, template: TEMPLATE, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'X' } },
    ['spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "X": supported values: "Retain", "Delete"'],
  ],
  [
    'a Job says what pods that fail mean',
    'batch/v1',
    'Job',
    {
      template: { spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } },
      podFailurePolicy: {
        rules: [
          { action: 'X', onExitCodes: { containerName: 'no', operator: 'In', values: [2, 0, 2] } },
          { action: 'Ignore', onPodConditions: [] },
        ],
      },
    },
    [
      'spec.podFailurePolicy.rules[0].action: Unsupported value: "X": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
      'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "no": must be one of the container or initContainer names in the pod template',
      'spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator',
      'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2',
      'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,0,2]: must be ordered',
      'spec.podFailurePolicy.rules[1]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
    ],
  ],
  [
    'an autoscaler names the group of what it scales, and its metrics',
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    {
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'd' },
      metrics: [{ type: 'Pods', pods: { metric: { name: '' }, target: { type: 'AverageValue' } } }],
      behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1801 }] } },
    },
    [
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      'spec.metrics[0].pods.metric.name: Required value: must specify a metric name',
      'spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue',
      'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
    ],
  ],
  [
    'names in the configuration of DNS',
    'v1',
    'Pod',
    pod({ dnsConfig: { nameservers: ['x'], searches: ['_a.b', '.', 'c.', 'No'], options: [{ value: '1' }] } }),
    [
      /^spec\.dnsConfig\.nameservers\[0\]: Invalid value: "x": must be a valid IP address/,
      /^spec\.dnsConfig\.searches\[3\]: Invalid value: "No": a lowercase RFC 1123 subdomain/,
      'spec.dnsConfig.options[0]: Required value: must not be empty',
    ],
  ],
  [
    'fields of pods that there are, and that may be asked for',
    'v1',
    'Pod',
    pod({
      containers: [
        {
          name: 'c',
          image: 'i',
          env: [
            { name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nothing' } } },
            { name: 'B', valueFrom: { fieldRef: { fieldPath: 'status.phase' } } },
          ],
        },
      ],
    }),
    [
      'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nothing": error converting fieldPath: field label not supported: spec.nothing',
      /^spec\.containers\[0\]\.env\[1\]\.valueFrom\.fieldRef\.fieldPath: Unsupported value: "status\.phase": supported values:/,
    ],
  ],
];

for (const [name, apiVersion, kind, spec, expected] of faults) {
  test(name, () => {
    const found = prepare(apiVersion, kind, spec).faults;
    assert.equal(found.length, expected.length, found.join('\n'));
    for (const [index, text] of expected.entries()) {
      if (typeof text === 'string') assert.equal(found[index], text);
      else assert.match(found[index] ?? '', text);
    }
  });
}

test('what is only preferred may ask for values that no label has', () => {
  const preference = { matchExpressions: [{ key: 'k', operator: 'In', values: ['no good'] }] };
  const preferredDuringSchedulingIgnoredDuringExecution = [{ weight: 1, preference }];
  const { faults: found } = prepare('v1', 'Pod', pod({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution } } }));
  assert.deepEqual(found, []);
});

test('the labels that a Job has from its template are completed with it', () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } };
  const { object } = prepare('batch/v1', 'Job', { template });
  assert.deepEqual(object.metadata.labels?.['batch.kubernetes.io/job-name'], 'x');
});

test('the sources of a claim say the same', () => {
  const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const specOf = (spec: object): object => prepare('v1', 'PersistentVolumeClaim', { ...claim, ...spec }).object['spec'] as object;
  assert.deepEqual(specOf({ dataSource }), { ...claim, volumeMode: 'Filesystem', dataSource, dataSourceRef: dataSource });
  assert.deepEqual(specOf({ dataSource: { ...dataSource, kind: 'X' } }), { ...claim, volumeMode: 'Filesystem' });
});

test('labels of nodes that are no more, and selectors that select nothing, are warned of', () => {
  const term = { topologyKey: 'zone' };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  const { warnings } = prepare('apps/v1', 'Deployment', {
    selector: SELECTOR,
    template: { ...TEMPLATE, spec: { ...TEMPLATE.spec, affinity, nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } },
  });
  assert.deepEqual(warnings, [
    'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    'spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
  ]);
});

const warned: readonly [apiVersion: string, kind: string, spec: object, name: string, expected: readonly string[]][] = [
  ...(['Deployment', 'ReplicaSet'] as const).map(
    (kind) =>
      [
        'apps/v1',
        kind,
        { selector: SELECTOR, template: TEMPLATE },
        'a.b',
        [
          'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
        ],
      ] as [string, string, object, string, string[]],
  ),
  [
    'v1',
    'Service',
    { clusterIP: 'None', sessionAffinity: 'ClientIP', externalIPs: ['1.2.3.4', '2001:DB8::1', '::ffff:1.2.3.4'], ports: [{ port: 80 }] },
    's',
    [
      'spec.externalIPs is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
      'spec.externalIPs[1]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      'spec.externalIPs[2]: non-standard IP address "::ffff:1.2.3.4" will be considered invalid in a future Kubernetes release: use "1.2.3.4"',
    ],
  ],
  [
    'networking.k8s.io/v1',
    'NetworkPolicy',
    {
      podSelector: {},
      ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.1/8', except: ['10.1.2.3/16'] } }, { ipBlock: { cidr: '2001:DB8:0::/32' } }] }],
    },
    'p',
    [
      'spec.ingress[0].from[0].ipBlock.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
      'spec.ingress[0].from[0].ipBlock.except[0]: CIDR value "10.1.2.3/16" is ambiguous in this context (should be "10.1.0.0/16" or "10.1.2.3/32"?)',
      'spec.ingress[0].from[1].ipBlock.cidr: IPv6 CIDR value "2001:DB8:0::/32" should be in RFC 5952 canonical format ("2001:db8::/32")',
    ],
  ],
  [
    'apps/v1',
    'StatefulSet',
    {
      selector: SELECTOR,
      template: TEMPLATE,
      revisionHistoryLimit: -1,
      volumeClaimTemplates: [
        { metadata: { name: 'v' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1.5' } } } },
      ],
    },
    's',
    [
      'spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    ],
  ],
];

for (const [apiVersion, kind, spec, name, expected] of warned) {
  test(`a ${kind} that works, but hardly as meant, is warned of`, () => {
    const found = prepare(apiVersion, kind, spec, name);
    assert.deepEqual(found.faults, []);
    assert.deepEqual(found.warnings, expected);
  });
}
