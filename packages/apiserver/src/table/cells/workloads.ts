import { humanDuration } from '@sluice/core';
import { labelsText, selectorText } from '../selectors.js';
import { at, items, number, text } from '../value.js';
import type { CellReaders } from './types.js';

export const workloadCells: CellReaders = {
  'apps/Deployment': (object, ageOf) => [
    object.metadata.name,
    `${number(object, 'status', 'readyReplicas')}/${desired(object)}`,
    number(object, 'status', 'updatedReplicas'),
    number(object, 'status', 'availableReplicas'),
    ageOf(object.metadata.creationTimestamp),
    ...template(object),
    selectorText(at(object, 'spec', 'selector')),
  ],
  'apps/ReplicaSet': (object, ageOf) => [
    ...replicas(object),
    ageOf(object.metadata.creationTimestamp),
    ...template(object),
    selectorText(at(object, 'spec', 'selector')),
  ],
  '/ReplicationController': (object, ageOf) => [
    ...replicas(object),
    ageOf(object.metadata.creationTimestamp),
    ...template(object),
    labelsText(at(object, 'spec', 'selector')),
  ],
  'apps/StatefulSet': (object, ageOf) => [
    object.metadata.name,
    `${number(object, 'status', 'readyReplicas')}/${desired(object)}`,
    ageOf(object.metadata.creationTimestamp),
    ...template(object),
  ],
  'apps/DaemonSet': (object, ageOf) => [
    object.metadata.name,
    number(object, 'status', 'desiredNumberScheduled'),
    number(object, 'status', 'currentNumberScheduled'),
    number(object, 'status', 'numberReady'),
    number(object, 'status', 'updatedNumberScheduled'),
    number(object, 'status', 'numberAvailable'),
    labelsText(at(object, 'spec', 'template', 'spec', 'nodeSelector')),
    ageOf(object.metadata.creationTimestamp),
    ...template(object),
    selectorText(at(object, 'spec', 'selector')),
  ],
  'apps/ControllerRevision': (object, ageOf) => {
    const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
    const group = owner?.apiVersion.split('/')[0] ?? '';
    return [
      object.metadata.name,
      owner === undefined ? '<none>' : `${owner.kind.toLowerCase()}.${group}/${owner.name}`,
      number(object, 'revision'),
      ageOf(object.metadata.creationTimestamp),
    ];
  },
  'batch/Job': (object, ageOf, now) => [
    object.metadata.name,
    jobStatus(object),
    completions(object),
    jobDuration(object, now),
    ageOf(object.metadata.creationTimestamp),
    ...template(object),
    selectorText(at(object, 'spec', 'selector')),
  ],
  'batch/CronJob': (object, ageOf) => {
    const last = at(object, 'status', 'lastScheduleTime');
    return [
      object.metadata.name,
      text(object, 'spec', 'schedule'),
      text(object, 'spec', 'timeZone') || '<none>',
      at(object, 'spec', 'suspend') === true ? 'True' : 'False',
      items(object, 'status', 'active').length,
      last === undefined ? '<none>' : ageOf(last),
      ageOf(object.metadata.creationTimestamp),
      ...templateOf(at(object, 'spec', 'jobTemplate', 'spec', 'template')),
      selectorText(at(object, 'spec', 'jobTemplate', 'spec', 'selector')),
    ];
  },
};

export function containerNames(template: unknown): string {
  return items(template, 'spec', 'containers')
    .map((container) => text(container, 'name'))
    .join(',');
}

export function images(template: unknown): string {
  return items(template, 'spec', 'containers')
    .map((container) => text(container, 'image'))
    .join(',');
}

function template(object: unknown): [names: string, images: string] {
  return templateOf(at(object, 'spec', 'template'));
}

function templateOf(pod: unknown): [names: string, images: string] {
  return [containerNames(pod), images(pod)];
}

function desired(object: unknown): number {
  return number(object, 'spec', 'replicas');
}

function replicas(object: unknown): readonly unknown[] {
  return [
    text(object, 'metadata', 'name'),
    desired(object),
    number(object, 'status', 'replicas'),
    number(object, 'status', 'readyReplicas'),
  ];
}

function jobStatus(job: unknown): string {
  const has = (type: string): boolean =>
    items(job, 'status', 'conditions').some((condition) => text(condition, 'type') === type && text(condition, 'status') === 'True');
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (at(job, 'metadata', 'deletionTimestamp') !== undefined) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  if (has('FailureTarget')) return 'FailureTarget';
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function completions(job: unknown): string {
  const succeeded = number(job, 'status', 'succeeded');
  const wanted = at(job, 'spec', 'completions');
  if (typeof wanted === 'number') return `${succeeded}/${wanted}`;
  const parallelism = number(job, 'spec', 'parallelism');
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration(job: unknown, now: number): string {
  const start = Date.parse(text(job, 'status', 'startTime'));
  if (Number.isNaN(start)) return '';
  const end = Date.parse(text(job, 'status', 'completionTime'));
  return humanDuration((Number.isNaN(end) ? now : end) - start);
}
