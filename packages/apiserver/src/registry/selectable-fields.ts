import { isJsonObject, type KubeObject } from '@sluice/core';
import type { SelectableFields } from '../selectors/fields.js';

type Read = (object: KubeObject) => string;

const metadataFields: [string, Read][] = [
  ['metadata.name', (object) => object.metadata.name ?? ''],
  ['metadata.namespace', (object) => object.metadata.namespace ?? ''],
];
const onlyMetadata: SelectableFields = new Map(metadataFields);

/** The fields of an Event's involved object, from where either group keeps it: both are stored as v1. */
const eventFields = [
  ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((field) => `involvedObject.${field}`),
  'reason',
  'reportingComponent',
  'type',
];

const builtIn: Readonly<Record<string, readonly string[]>> = {
  '/pods': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  '/secrets': ['type'],
  '/services': ['spec.clusterIP', 'spec.type'],
  '/events': eventFields,
  'events.k8s.io/events': [
    ...eventFields,
    ...eventFields.map((field) => field.replace('involvedObject.', 'regarding.')),
    'reportingController',
  ],
  '/replicationcontrollers': ['status.replicas'],
  '/namespaces': ['status.phase'],
  '/nodes': ['spec.unschedulable'],
  'batch/jobs': ['status.successful'],
  'certificates.k8s.io/certificatesigningrequests': ['spec.signerName'],
};

const readers: Readonly<Record<string, Read>> = {
  'spec.hostNetwork': (object) => text(valueAt(object, ['spec', 'hostNetwork']) ?? false),
  'spec.unschedulable': (object) => text(valueAt(object, ['spec', 'unschedulable']) ?? false),
  'status.podIPs': (object) => text(valueAt(object, ['status', 'podIP'])),
  'status.replicas': (object) => text(valueAt(object, ['status', 'replicas']) ?? 0),
  'status.successful': (object) => text(valueAt(object, ['status', 'succeeded']) ?? 0),
  reportingController: (object) => text(object['reportingComponent']),
  reportingComponent: (object) => text(object['reportingComponent']) || text(valueAt(object, ['source', 'component'])),
};

/** What field selectors may name for a built-in resource, and what they are told otherwise. */
export function selectableFieldsOf(group: string, resource: string): { fields: SelectableFields; refuseField: (field: string) => string } {
  const names = builtIn[`${group}/${resource}`];
  if (names === undefined) return { fields: onlyMetadata, refuseField: refuseUnknown };
  const fields = new Map(metadataFields);
  for (const name of names) fields.set(name, readers[name] ?? fieldReader(name.replace('regarding.', 'involvedObject.').split('.')));
  if (resource === 'events')
    fields.set('source', (object) => text(valueAt(object, ['source', 'component'])) || text(object['reportingComponent']));
  return { fields, refuseField: (field) => `field label not supported: ${field}` };
}

/** What field selectors may name for a custom resource: its definition says. */
export function customSelectableFields(paths: readonly string[]): { fields: SelectableFields; refuseField: (field: string) => string } {
  if (paths.length === 0) return { fields: onlyMetadata, refuseField: (field) => `field label not supported: ${field}` };
  const fields = new Map(metadataFields);
  for (const path of paths) {
    const name = path.replace(/^\./, '');
    fields.set(name, fieldReader(name.split('.')));
  }
  return { fields, refuseField: (field) => `field label not supported: ${field}` };
}

function refuseUnknown(field: string): string {
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

function fieldReader(path: readonly string[]): Read {
  return (object) => text(valueAt(object, path));
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const step of path) {
    if (!isJsonObject(at) || !Object.hasOwn(at, step)) return undefined;
    at = at[step];
  }
  return at;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
