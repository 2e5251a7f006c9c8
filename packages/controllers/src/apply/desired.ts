import { createHash } from 'node:crypto';
import { printJson, type ErrorPlace, type KubeObject } from '@sluice/core';
import { byApplyOrder, stageOf, type CustomStageKinds, type Stage } from './order.js';
import { inventoryId, referenceOf, type VersionedReference } from './reference.js';

/** An object that a build made. */
export interface Manifest {
  readonly object: KubeObject;
  /** Where it is written, below the root of the artifact; absent for what was generated. */
  readonly place?: ErrorPlace | undefined;
}

/** An object as it should be, ready to be applied. */
export interface Desired extends Manifest {
  readonly reference: VersionedReference;
  /** One for each object, whatever its version. */
  readonly id: string;
  readonly stage: Stage;
  /** Of the object's content: equal hashes are equal objects. */
  readonly hash: string;
}

/** The objects in the order in which they are applied. */
export function desiredSet(manifests: readonly Manifest[], customKinds: CustomStageKinds): Desired[] {
  return manifests
    .map(({ object, place }) => {
      const reference = referenceOf(object);
      return { object, place, reference, id: inventoryId(reference), stage: stageOf(reference, customKinds), hash: hashOf(object) };
    })
    .sort((a, b) => byApplyOrder(a.reference, b.reference));
}

/** The order of keys counts: objects of one build come in one order, and a needless difference costs one request. */
function hashOf(object: KubeObject): string {
  return createHash('sha1').update(printJson(object)).digest('base64');
}
