import { isJsonObject } from '@sluice/core';
import { at, items, keys, number, text } from '../value.js';
import { labelsText } from '../selectors.js';
import { accessModes } from './storage.js';
import type { CellReaders } from './types.js';
import { containerNames, images } from './workloads.js';

export const coreCells: CellReaders = {
  '/ConfigMap': (object, ageOf) => [
    object.metadata.name,
    keys(object, 'data').length + keys(object, 'binaryData').length,
    ageOf(object.metadata.creationTimestamp),
  ],
  '/Secret': (object, ageOf) => [
    object.metadata.name,
    text(object, 'type'),
    keys(object, 'data').length,
    ageOf(object.metadata.creationTimestamp),
  ],
  '/Namespace': (object, ageOf) => [object.metadata.name, text(object, 'status', 'phase'), ageOf(object.metadata.creationTimestamp)],
  '/ServiceAccount': (object, ageOf) => [object.metadata.name, items(object, 'secrets').length, ageOf(object.metadata.creationTimestamp)],
  '/Endpoints': (object, ageOf) => [object.metadata.name, endpoints(object), ageOf(object.metadata.creationTimestamp)],
  '/Event': eventCells,
  'events.k8s.io/Event': eventCells,
  '/LimitRange': (object) => [object.metadata.name, object.metadata.creationTimestamp],
  '/Node': (object, ageOf) => [
    object.metadata.name,
    nodeStatus(object),
    nodeRoles(object),
    ageOf(object.metadata.creationTimestamp),
    text(object, 'status', 'nodeInfo', 'kubeletVersion'),
    nodeAddress(object, 'InternalIP'),
    nodeAddress(object, 'ExternalIP'),
    text(object, 'status', 'nodeInfo', 'osImage') || '<unknown>',
    text(object, 'status', 'nodeInfo', 'kernelVersion') || '<unknown>',
    text(object, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>',
  ],
  '/ResourceQuota': (object, ageOf) => [
    object.metadata.name,
    quota(object, false),
    quota(object, true),
    ageOf(object.metadata.creationTimestamp),
  ],
  '/PodTemplate': (object) => [
    object.metadata.name,
    containerNames(at(object, 'template')),
    images(at(object, 'template')),
    labelsText(at(object, 'template', 'metadata', 'labels')),
  ],
  '/ComponentStatus': (object) => [object.metadata.name, 'Healthy', 'ok', ''],
  '/PersistentVolume': (object, ageOf) => {
    const claim = at(object, 'spec', 'claimRef');
    const phase = object.metadata.deletionTimestamp === undefined ? text(object, 'status', 'phase') : 'Terminating';
    return [
      object.metadata.name,
      text(object, 'spec', 'capacity', 'storage'),
      accessModes(at(object, 'spec', 'accessModes')),
      text(object, 'spec', 'persistentVolumeReclaimPolicy'),
      phase,
      claim === undefined ? '' : `${text(claim, 'namespace')}/${text(claim, 'name')}`,
      text(object, 'spec', 'storageClassName'),
      text(object, 'spec', 'volumeAttributesClassName') || '<unset>',
      text(object, 'status', 'reason'),
      ageOf(object.metadata.creationTimestamp),
      text(object, 'spec', 'volumeMode') || '<unset>',
    ];
  },
  '/PersistentVolumeClaim': (object, ageOf) => {
    const isBound = text(object, 'spec', 'volumeName') !== '';
    return [
      object.metadata.name,
      object.metadata.deletionTimestamp === undefined ? text(object, 'status', 'phase') : 'Terminating',
      text(object, 'spec', 'volumeName'),
      isBound ? text(object, 'status', 'capacity', 'storage') : '',
      isBound ? accessModes(at(object, 'status', 'accessModes')) : '',
      text(object, 'spec', 'storageClassName'),
      text(object, 'spec', 'volumeAttributesClassName') || '<unset>',
      ageOf(object.metadata.creationTimestamp),
      text(object, 'spec', 'volumeMode') || '<unset>',
    ];
  },
};

function eventCells(event: Parameters<CellReaders[string]>[0], ageOf: (time: unknown) => string): readonly unknown[] {
  const involved = at(event, 'involvedObject') ?? at(event, 'regarding');
  const series = at(event, 'series');
  const firstTime = at(event, 'firstTimestamp') ?? at(event, 'deprecatedFirstTimestamp') ?? at(event, 'eventTime');
  const lastTime = at(series, 'lastObservedTime') ?? at(event, 'lastTimestamp') ?? at(event, 'deprecatedLastTimestamp') ?? firstTime;
  const component =
    text(event, 'source', 'component') ||
    text(event, 'deprecatedSource', 'component') ||
    text(event, 'reportingComponent') ||
    text(event, 'reportingController');
  const host = text(event, 'source', 'host') || text(event, 'deprecatedSource', 'host');
  const count = number(series, 'count') || number(event, 'count') || number(event, 'deprecatedCount') || 1;
  const kind = text(involved, 'kind').toLowerCase();
  const name = text(involved, 'name');
  return [
    ageOf(lastTime),
    text(event, 'type'),
    text(event, 'reason'),
    name === '' ? kind : `${kind}/${name}`,
    text(involved, 'fieldPath'),
    host === '' ? component : `${component}, ${host}`,
    (text(event, 'message') || text(event, 'note')).trim(),
    ageOf(firstTime),
    count,
    event.metadata.name,
  ];
}

function endpoints(object: unknown): string {
  const addresses = items(object, 'subsets').flatMap((subset) => {
    const ips = items(subset, 'addresses').map((address) => text(address, 'ip'));
    const ports = items(subset, 'ports');
    return ports.length === 0 ? ips : ports.flatMap((port) => ips.map((ip) => `${ip}:${number(port, 'port')}`));
  });
  if (addresses.length === 0) return '<none>';
  return addresses.length > 3 ? `${addresses.slice(0, 3).join(',')} + ${addresses.length - 3} more...` : addresses.join(',');
}

function nodeStatus(node: unknown): string {
  const ready = items(node, 'status', 'conditions').find((condition) => text(condition, 'type') === 'Ready');
  const state = ready === undefined ? 'Unknown' : text(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return at(node, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

const ROLE_LABEL = 'node-role.kubernetes.io/';

function nodeRoles(node: unknown): string {
  const labels = at(node, 'metadata', 'labels');
  if (!isJsonObject(labels)) return '<none>';
  const roles = Object.keys(labels)
    .filter((label) => label.startsWith(ROLE_LABEL) && label.length > ROLE_LABEL.length)
    .map((label) => label.slice(ROLE_LABEL.length));
  return roles.length === 0 ? '<none>' : roles.sort().join(',');
}

function nodeAddress(node: unknown, type: string): string {
  return (
    text(
      items(node, 'status', 'addresses').find((address) => text(address, 'type') === type),
      'address',
    ) || '<none>'
  );
}

function quota(object: unknown, isLimit: boolean): string {
  const hard = at(object, 'status', 'hard');
  return keys(hard)
    .filter((name) => name.startsWith('limits.') === isLimit)
    .sort()
    .map((name) => `${name}: ${text(object, 'status', 'used', name)}/${text(hard, name)}`)
    .join(', ');
}
