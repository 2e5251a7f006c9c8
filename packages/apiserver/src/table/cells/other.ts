import { at, items, number, text } from '../value.js';
import type { CellReader, CellReaders } from './types.js';

const nameAndAge: CellReader = (object, ageOf) => [object.metadata.name, ageOf(object.metadata.creationTimestamp)];

const webhooks: CellReader = (object, ageOf) => [
  object.metadata.name,
  items(object, 'webhooks').length,
  ageOf(object.metadata.creationTimestamp),
];

const binding: CellReader = (object, ageOf) => {
  const subjects = (kind: string): string =>
    items(object, 'subjects')
      .filter((subject) => text(subject, 'kind') === kind)
      .map((subject) => (kind === 'ServiceAccount' ? `${text(subject, 'namespace')}/${text(subject, 'name')}` : text(subject, 'name')))
      .join(', ');
  const role = `${text(object, 'roleRef', 'kind')}/${text(object, 'roleRef', 'name')}`;
  return [
    object.metadata.name,
    role,
    ageOf(object.metadata.creationTimestamp),
    subjects('User'),
    subjects('Group'),
    subjects('ServiceAccount'),
  ];
};

const autoscaler: CellReader = (object, ageOf) => [
  object.metadata.name,
  `${text(object, 'spec', 'scaleTargetRef', 'kind')}/${text(object, 'spec', 'scaleTargetRef', 'name')}`,
  targets(object),
  typeof at(object, 'spec', 'minReplicas') === 'number' ? String(number(object, 'spec', 'minReplicas')) : '<unset>',
  number(object, 'spec', 'maxReplicas'),
  number(object, 'status', 'currentReplicas'),
  ageOf(object.metadata.creationTimestamp),
];

export const otherCells: CellReaders = {
  'coordination.k8s.io/Lease': (object, ageOf) => [
    object.metadata.name,
    text(object, 'spec', 'holderIdentity'),
    ageOf(object.metadata.creationTimestamp),
  ],
  'policy/PodDisruptionBudget': (object, ageOf) => [
    object.metadata.name,
    orNotAvailable(at(object, 'spec', 'minAvailable')),
    orNotAvailable(at(object, 'spec', 'maxUnavailable')),
    number(object, 'status', 'disruptionsAllowed'),
    ageOf(object.metadata.creationTimestamp),
  ],
  'rbac.authorization.k8s.io/RoleBinding': binding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': binding,
  'autoscaling/HorizontalPodAutoscaler': autoscaler,
  'node.k8s.io/RuntimeClass': (object, ageOf) => [object.metadata.name, text(object, 'handler'), ageOf(object.metadata.creationTimestamp)],
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': (object, ageOf) => {
    const kind = at(object, 'spec', 'paramKind');
    return [
      object.metadata.name,
      items(object, 'spec', 'validations').length,
      kind === undefined ? '<unset>' : `${text(kind, 'apiVersion')}/${text(kind, 'kind')}`,
      ageOf(object.metadata.creationTimestamp),
    ];
  },
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': (object, ageOf) => {
    const reference = at(object, 'spec', 'paramRef');
    const namespace = text(reference, 'namespace') || '*';
    const name =
      reference === undefined ? '<unset>' : text(reference, 'name') === '' ? `${namespace}/*` : `${namespace}/${text(reference, 'name')}`;
    return [object.metadata.name, text(object, 'spec', 'policyName'), name, ageOf(object.metadata.creationTimestamp)];
  },
  'apiregistration.k8s.io/APIService': (object, ageOf) => {
    const service = at(object, 'spec', 'service');
    const available = items(object, 'status', 'conditions').find((condition) => text(condition, 'type') === 'Available');
    const state = available === undefined ? 'Unknown' : text(available, 'status');
    return [
      object.metadata.name,
      service === undefined || service === null ? 'Local' : `${text(service, 'namespace')}/${text(service, 'name')}`,
      state === 'True' || available === undefined ? state : `${state} (${text(available, 'reason')})`,
      ageOf(object.metadata.creationTimestamp),
    ];
  },
  'certificates.k8s.io/CertificateSigningRequest': (object, ageOf) => {
    const types = new Set(items(object, 'status', 'conditions').map((condition) => text(condition, 'type')));
    const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending';
    const shown = [
      decision,
      ...(types.has('Failed') ? ['Failed'] : []),
      ...(text(object, 'status', 'certificate') === '' ? [] : ['Issued']),
    ].join(',');
    const seconds = at(object, 'spec', 'expirationSeconds');
    return [
      object.metadata.name,
      ageOf(object.metadata.creationTimestamp),
      text(object, 'spec', 'signerName') || '<none>',
      text(object, 'spec', 'username'),
      typeof seconds === 'number' ? `${seconds}s` : '<none>',
      shown,
    ];
  },
  'resource.k8s.io/DeviceClass': nameAndAge,
  'resource.k8s.io/ResourceClaimTemplate': nameAndAge,
  'resource.k8s.io/ResourceClaim': (object, ageOf) => {
    const states = [
      ...(object.metadata.deletionTimestamp === undefined ? [] : ['deleted']),
      ...(at(object, 'status', 'allocation') === undefined ? [] : ['allocated']),
      ...(items(object, 'status', 'reservedFor').length === 0 ? [] : ['reserved']),
    ];
    return [object.metadata.name, states.length === 0 ? 'pending' : states.join(','), ageOf(object.metadata.creationTimestamp)];
  },
  'resource.k8s.io/ResourceSlice': (object, ageOf) => [
    object.metadata.name,
    text(object, 'spec', 'nodeName'),
    text(object, 'spec', 'driver'),
    text(object, 'spec', 'pool', 'name'),
    ageOf(object.metadata.creationTimestamp),
  ],
  'flowcontrol.apiserver.k8s.io/FlowSchema': (object, ageOf) => [
    object.metadata.name,
    text(object, 'spec', 'priorityLevelConfiguration', 'name'),
    number(object, 'spec', 'matchingPrecedence'),
    text(object, 'spec', 'distinguisherMethod', 'type') || '<none>',
    ageOf(object.metadata.creationTimestamp),
    text(
      items(object, 'status', 'conditions').find((condition) => text(condition, 'type') === 'Dangling'),
      'status',
    ) || '?',
  ],
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': (object, ageOf) => {
    const limited = at(object, 'spec', 'limited') ?? at(object, 'spec', 'exempt');
    const queuing = at(limited, 'limitResponse', 'queuing');
    return [
      object.metadata.name,
      text(object, 'spec', 'type'),
      orNone(at(limited, 'nominalConcurrencyShares')),
      orNone(at(queuing, 'queues')),
      orNone(at(queuing, 'handSize')),
      orNone(at(queuing, 'queueLengthLimit')),
      ageOf(object.metadata.creationTimestamp),
    ];
  },
};

function orNotAvailable(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : 'N/A';
}

/** An autoscaler's metrics, current over wanted; of both versions of the API. */
function targets(object: unknown): string {
  const metrics = items(object, 'spec', 'metrics');
  if (metrics.length === 0) {
    const wanted = at(object, 'spec', 'targetCPUUtilizationPercentage');
    if (typeof wanted !== 'number') return '<none>';
    const current = at(object, 'status', 'currentCPUUtilizationPercentage');
    return `cpu: ${typeof current === 'number' ? `${current}%` : '<unknown>'}/${wanted}%`;
  }
  const currents = items(object, 'status', 'currentMetrics');
  const shown = metrics.map((metric, index) => target(metric, currents[index]));
  return shown.length > 2 ? `${shown.slice(0, 2).join(', ')} + ${shown.length - 2} more...` : shown.join(', ');
}

const metricFields: Readonly<Record<string, string>> = {
  Resource: 'resource',
  ContainerResource: 'containerResource',
  Pods: 'pods',
  Object: 'object',
  External: 'external',
};

function target(metric: unknown, current: unknown): string {
  const type = text(metric, 'type');
  const field = metricFields[type] ?? '';
  const wanted = at(metric, field, 'target');
  const now = at(current, field, 'current');
  const utilization = at(wanted, 'averageUtilization');
  if (typeof utilization === 'number') {
    const value = at(now, 'averageUtilization');
    return `${text(metric, field, 'name')}: ${typeof value === 'number' ? `${value}%` : '<unknown>'}/${utilization}%`;
  }
  const average = text(wanted, 'averageValue');
  const value = (average === '' ? text(now, 'value') : text(now, 'averageValue')) || '<unknown>';
  const prefix = type === 'Resource' || type === 'ContainerResource' ? `${text(metric, field, 'name')}: ` : '';
  return `${prefix}${value}/${average === '' ? text(wanted, 'value') : average}${average === '' || type === 'Resource' || type === 'Pods' ? '' : ' (avg)'}`;
}

function orNone(value: unknown): unknown {
  return value ?? '<none>';
}
