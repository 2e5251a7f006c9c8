import { at, items, number, text } from '../value.js';
import type { CellReaders } from './types.js';

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

export function accessModes(modes: unknown): string {
  const present = new Set(Array.isArray(modes) ? (modes as string[]) : []);
  return Object.entries(shortModes)
    .filter(([mode]) => present.has(mode))
    .map(([, short]) => short)
    .join(',');
}

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export const storageCells: CellReaders = {
  'storage.k8s.io/StorageClass': (object, ageOf) => [
    object.metadata.annotations?.[DEFAULT_CLASS] === 'true' ? `${object.metadata.name} (default)` : object.metadata.name,
    text(object, 'provisioner'),
    text(object, 'reclaimPolicy') || 'Delete',
    text(object, 'volumeBindingMode') || 'Immediate',
    at(object, 'allowVolumeExpansion') === true,
    ageOf(object.metadata.creationTimestamp),
  ],
  'storage.k8s.io/CSIDriver': (object, ageOf) => {
    const requests = items(object, 'spec', 'tokenRequests').map((request) => text(request, 'audience'));
    const modes = items(object, 'spec', 'volumeLifecycleModes').join(',');
    return [
      object.metadata.name,
      at(object, 'spec', 'attachRequired') !== false,
      at(object, 'spec', 'podInfoOnMount') === true,
      at(object, 'spec', 'storageCapacity') === true,
      requests.length === 0 ? '<unset>' : requests.join(','),
      at(object, 'spec', 'requiresRepublish') === true,
      modes === '' ? '<none>' : modes,
      ageOf(object.metadata.creationTimestamp),
    ];
  },
  'storage.k8s.io/CSINode': (object, ageOf) => [
    object.metadata.name,
    items(object, 'spec', 'drivers').length,
    ageOf(object.metadata.creationTimestamp),
  ],
  'storage.k8s.io/VolumeAttachment': (object, ageOf) => [
    object.metadata.name,
    text(object, 'spec', 'attacher'),
    text(object, 'spec', 'source', 'persistentVolumeName'),
    text(object, 'spec', 'nodeName'),
    at(object, 'status', 'attached') === true,
    ageOf(object.metadata.creationTimestamp),
  ],
  'storage.k8s.io/VolumeAttributesClass': (object, ageOf) => [
    object.metadata.name,
    text(object, 'driverName'),
    ageOf(object.metadata.creationTimestamp),
  ],
  'scheduling.k8s.io/PriorityClass': (object, ageOf) => [
    object.metadata.name,
    number(object, 'value'),
    at(object, 'globalDefault') === true,
    ageOf(object.metadata.creationTimestamp),
    text(object, 'preemptionPolicy') || 'PreemptLowerPriority',
  ],
};
