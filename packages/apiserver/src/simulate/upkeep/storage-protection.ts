import type { KubeObject } from '@sluice/core';
import { fieldsOf, itemsOf, textOf } from '../../kinds/index.js';
import { WorkQueue } from '../work-queue.js';
import { keyOf, partsOf, type Controller, type World } from '../world.js';
import { patchMetadata } from './requests.js';

/** Holds claims that pods use, and volumes that claims are bound to, until nobody does. */
export function storageProtection(world: World): Controller {
  const claims = new WorkQueue(releaseClaim, world);
  const volumes = new WorkQueue(releaseVolume, world);
  return {
    tables: ['/persistentvolumeclaims', '/persistentvolumes', '/pods'],
    changed({ resource, before, after }) {
      if (resource.table === '/persistentvolumeclaims') {
        if (after?.metadata.deletionTimestamp !== undefined) claims.add(keyOf(after));
      } else if (resource.table === '/persistentvolumes') {
        if (after?.metadata.deletionTimestamp !== undefined) volumes.add(keyOf(after));
      } else if (before !== undefined && (after === undefined || isDone(after))) {
        for (const name of claimsOf(before)) claims.add(`${before.metadata.namespace ?? ''}/${name}`);
      }
    },
    stop() {
      claims.stop();
      volumes.stop();
    },
  };

  async function releaseClaim(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const claim = world.lookup.get('v1', 'PersistentVolumeClaim', namespace, name);
    if (claim === undefined || !isHeldBack(claim, 'kubernetes.io/pvc-protection')) return;
    const used = world.lookup.list('v1', 'Pod', namespace).some((pod) => !isDone(pod) && claimsOf(pod).includes(name));
    if (!used) await release('/persistentvolumeclaims', claim, 'kubernetes.io/pvc-protection');
  }

  async function releaseVolume(key: string): Promise<void> {
    const { name } = partsOf(key);
    const volume = world.lookup.get('v1', 'PersistentVolume', undefined, name);
    if (volume === undefined || !isHeldBack(volume, 'kubernetes.io/pv-protection')) return;
    if (textOf(fieldsOf(volume['status'])['phase']) !== 'Bound') await release('/persistentvolumes', volume, 'kubernetes.io/pv-protection');
  }

  async function release(table: string, object: KubeObject, finalizer: string): Promise<void> {
    const resource = world.resources().find((item) => item.table === table);
    if (resource === undefined) return;
    const rest = (object.metadata.finalizers ?? []).filter((item) => item !== finalizer);
    await patchMetadata(world, resource, object, { finalizers: rest.length === 0 ? null : rest });
  }
}

function isHeldBack({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(finalizer) === true;
}

function isDone(pod: KubeObject): boolean {
  const phase = textOf(fieldsOf(pod['status'])['phase']);
  return phase === 'Succeeded' || phase === 'Failed';
}

function claimsOf(pod: KubeObject): string[] {
  const names: string[] = [];
  for (const volume of itemsOf(fieldsOf(pod['spec'])['volumes'])) {
    const name = textOf(fieldsOf(volume['persistentVolumeClaim'])['claimName']);
    if (name !== '') names.push(name);
    if (volume['ephemeral'] !== undefined) names.push(`${pod.metadata.name ?? ''}-${textOf(volume['name'])}`);
  }
  return names;
}
