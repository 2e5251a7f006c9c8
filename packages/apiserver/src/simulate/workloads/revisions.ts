import type { KubeObject } from '@sluice/core';
import { fieldsOf, mapOf, numberOf } from '../../kinds/index.js';
import type { World } from '../world.js';
import { revisionHash, templateHash } from './template-hash.js';
import { controllerOf, createObject, deleteObject, ownedBy } from './stage.js';

export const REVISION_HASH = 'controller-revision-hash';

/** The revision of a workload's template as it is now, kept as an object, as it was before, and how many came before. */
export interface Revisions {
  /** Its name: `web-6c9d8f`. */
  readonly name: string;
  readonly hash: string;
}

/** Keeps a ControllerRevision of a workload's template, and drops the oldest ones that nothing uses. */
export async function ensureRevision(world: World, workload: KubeObject, inUse: ReadonlySet<string>): Promise<Revisions> {
  const spec = fieldsOf(workload['spec']);
  const data = { spec: { template: { ...fieldsOf(spec['template']), $patch: 'replace' } } };
  const collisions = numberOf(fieldsOf(workload['status'])['collisionCount']);
  // The two kinds that keep revisions name them by two hashes.
  const hash = workload.kind === 'StatefulSet' ? revisionHash(data, collisions) : templateHash(spec['template']);
  const { name: owner = '', namespace = '' } = workload.metadata;
  const name = `${owner}-${hash}`;
  const all = world.lookup
    .list('apps/v1', 'ControllerRevision', namespace)
    .filter((revision) => controllerOf(revision)?.uid === workload.metadata.uid)
    .sort((a, b) => numberOf(a['revision']) - numberOf(b['revision']));
  const known = all.find(({ metadata }) => metadata.name === name);
  const highest = numberOf(all.at(-1)?.['revision']);
  if (known === undefined) {
    await createObject(world, {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name,
        namespace,
        labels: { ...mapOf(fieldsOf(spec['selector'])['matchLabels']), [REVISION_HASH]: hash },
        ownerReferences: ownedBy(workload),
      },
      data,
      revision: highest + 1,
    });
  } else if (numberOf(known['revision']) < highest) {
    await world.cluster.replace({ ...known, revision: highest + 1 });
  }
  const limit = spec['revisionHistoryLimit'];
  const unused = all.filter(({ metadata }) => metadata.name !== name && !inUse.has(metadata.name ?? ''));
  for (const revision of unused.slice(0, Math.max(0, unused.length - (typeof limit === 'number' ? limit : 10))))
    await deleteObject(world, revision);
  return { name, hash };
}
