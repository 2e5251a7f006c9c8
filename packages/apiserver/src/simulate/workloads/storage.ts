import type { KubeObject } from '@sluice/core';
import { fieldsOf, stringsOf, textOf } from '../../kinds/index.js';
import { WorkQueue } from '../work-queue.js';
import { keyOf, partsOf, type Controller } from '../world.js';
import { createObject, deleteObject, writeObject, writeStatus, type Stage } from './stage.js';

/** The class of claims that name none. */
export const STORAGE_CLASS = 'standard';
const PROVISIONER = 'sluice.dev/simulated';
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

/** Binds claims to volumes: to one that fits and is free, or to one made for it, of whatever class. */
export function storageController(stage: Stage): Controller {
  const { world } = stage;
  const claims = new WorkQueue(bind, world);
  const volumes = new WorkQueue(reclaim, world);
  return {
    tables: ['/persistentvolumeclaims', '/persistentvolumes'],
    changed({ resource, namespace, name, before, after, exists }) {
      if (resource.table === '/persistentvolumes') {
        if (exists) volumes.add(`/${name}`);
        return;
      }
      if (exists) claims.add(`${namespace}/${name}`);
      const volume = textOf(fieldsOf((after ?? before)?.['spec'])['volumeName']);
      if (!exists && volume !== '') volumes.add(`/${volume}`);
    },
    stop() {
      claims.stop();
      volumes.stop();
    },
  };

  async function bind(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const claim = world.lookup.get('v1', 'PersistentVolumeClaim', namespace, name);
    if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return;
    const spec = fieldsOf(claim['spec']);
    const phase = textOf(fieldsOf(claim['status'])['phase']);
    const volumeName = textOf(spec['volumeName']) || findVolume(claim)?.metadata.name || `pvc-${claim.metadata.uid ?? ''}`;
    let volume = world.lookup.get('v1', 'PersistentVolume', undefined, volumeName);
    if (volume === undefined) {
      if (textOf(spec['volumeName']) !== '') return;
      await createVolume(claim, volumeName);
      volume = world.lookup.get('v1', 'PersistentVolume', undefined, volumeName);
    }
    if (volume === undefined) return;
    const reference = fieldsOf(fieldsOf(volume['spec'])['claimRef']);
    if (textOf(reference['uid']) === '')
      await writeObject(world, { ...volume, spec: { ...fieldsOf(volume['spec']), claimRef: claimReference(claim) } });
    if (textOf(spec['volumeName']) === '') {
      const annotations = {
        ...claim.metadata.annotations,
        'pv.kubernetes.io/bind-completed': 'yes',
        'pv.kubernetes.io/bound-by-controller': 'yes',
      };
      await writeObject(world, { ...claim, metadata: { ...claim.metadata, annotations }, spec: { ...spec, volumeName } });
      return;
    }
    const volumeSpec = fieldsOf(volume['spec']);
    const wanted = {
      ...fieldsOf(claim['status']),
      phase: 'Bound',
      accessModes: volumeSpec['accessModes'],
      capacity: requested(claim) ?? volumeSpec['capacity'],
    };
    await writeStatus(world, claim, wanted);
    if (phase !== 'Bound') volumes.add(`/${volumeName}`);
  }

  /** A volume that somebody made for this claim, or that fits it. */
  function findVolume(claim: KubeObject): KubeObject | undefined {
    const spec = fieldsOf(claim['spec']);
    return world.lookup.list('v1', 'PersistentVolume').find((volume) => {
      const { claimRef, storageClassName, accessModes } = fieldsOf(volume['spec']);
      const reference = fieldsOf(claimRef);
      const reserved = reference['name'] === claim.metadata.name && reference['namespace'] === claim.metadata.namespace;
      if (reserved) return textOf(reference['uid']) === '' || reference['uid'] === claim.metadata.uid;
      if (claimRef !== undefined || textOf(storageClassName) !== textOf(spec['storageClassName'])) return false;
      if (spec['selector'] !== undefined || volume.metadata.deletionTimestamp !== undefined) return false;
      return stringsOf(spec['accessModes']).every((mode) => stringsOf(accessModes).includes(mode));
    });
  }

  async function createVolume(claim: KubeObject, name: string): Promise<void> {
    const spec = fieldsOf(claim['spec']);
    const className = textOf(spec['storageClassName']);
    const found = className === '' ? undefined : world.lookup.get('storage.k8s.io/v1', 'StorageClass', undefined, className);
    await createObject(world, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name, annotations: { [PROVISIONED_BY]: PROVISIONER } },
      spec: {
        accessModes: spec['accessModes'],
        capacity: requested(claim) ?? { storage: '1Gi' },
        claimRef: claimReference(claim),
        persistentVolumeReclaimPolicy: textOf(found?.['reclaimPolicy']) || 'Delete',
        ...(className !== '' && { storageClassName: className }),
        volumeMode: spec['volumeMode'],
        hostPath: { path: `/var/sluice/simulated/${name}`, type: '' },
      },
    });
    const message = `Successfully provisioned volume ${name}. Nothing is stored: the cluster is simulated.`;
    stage.record(PROVISIONER, claim, { type: 'Normal', reason: 'ProvisioningSucceeded', message });
  }

  /** A volume is bound while its claim is there; afterwards it goes, or stays for somebody to look at. */
  async function reclaim(key: string): Promise<void> {
    const { name } = partsOf(key);
    const volume = world.lookup.get('v1', 'PersistentVolume', undefined, name);
    if (volume === undefined) return;
    const { claimRef, persistentVolumeReclaimPolicy: policy } = fieldsOf(volume['spec']);
    const reference = fieldsOf(claimRef);
    const status = fieldsOf(volume['status']);
    if (textOf(reference['uid']) === '') {
      if (claimRef === undefined) await writeStatus(world, volume, { ...status, phase: 'Available' });
      else claims.add(`${textOf(reference['namespace'])}/${textOf(reference['name'])}`);
      return;
    }
    const claim = world.lookup.get('v1', 'PersistentVolumeClaim', textOf(reference['namespace']), textOf(reference['name']));
    if (claim?.metadata.uid === reference['uid']) {
      await writeStatus(world, volume, { ...status, phase: 'Bound' });
      claims.add(keyOf(claim as KubeObject));
    } else {
      await writeStatus(world, volume, { ...status, phase: 'Released' });
      if (policy === 'Delete' && volume.metadata.deletionTimestamp === undefined) await deleteObject(world, volume);
    }
  }
}

function requested(claim: KubeObject): { storage: unknown } | undefined {
  const { storage } = fieldsOf(fieldsOf(fieldsOf(claim['spec'])['resources'])['requests']);
  return storage === undefined ? undefined : { storage };
}

function claimReference({ metadata }: KubeObject): object {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion };
}
