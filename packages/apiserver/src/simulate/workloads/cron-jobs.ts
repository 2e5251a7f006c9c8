import type { KubeObject } from '@sluice/core';
import { fieldsOf, isSet, mapOf, nextRun, numberOf, parseSchedule, textOf } from '../../kinds/index.js';
import { timestamp } from '../conditions.js';
import { WorkQueue } from '../work-queue.js';
import { partsOf, type Controller } from '../world.js';
import { hasFailed, isDone } from './jobs.js';
import { ownerQueue } from './owner-queue.js';
import { createObject, deleteObject, ownedBy, writeStatus, type Stage } from './stage.js';

/** Timers can't wait longer than this; what is further away is looked at again. */
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** Starts the Jobs of CronJobs when their time has come. */
export function cronJobController(stage: Stage): Controller {
  const { world, jobs } = stage;
  const queue = new WorkQueue(reconcile, world);
  return ownerQueue(queue, 'batch/cronjobs', 'CronJob', 'batch/jobs');

  async function reconcile(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const cronJob = world.lookup.get('batch/v1', 'CronJob', namespace, name);
    if (cronJob === undefined || cronJob.metadata.deletionTimestamp !== undefined) return;
    const spec = fieldsOf(cronJob['spec']);
    await forget(cronJob);
    let scheduled: Date | undefined;
    const schedule = parseSchedule(textOf(spec['schedule']));
    if (spec['suspend'] !== true && typeof schedule !== 'string') {
      const zone = textOf(spec['timeZone']) || 'UTC';
      const now = world.timers.now();
      const last = textOf(fieldsOf(cronJob['status'])['lastScheduleTime']) || textOf(cronJob.metadata.creationTimestamp);
      const due = latestBefore((after) => nextRun(schedule, after, zone), new Date(last), now);
      const deadline = spec['startingDeadlineSeconds'];
      const tooLate = due !== undefined && isSet(deadline) && due.getTime() + numberOf(deadline) * 1000 < now;
      if (due !== undefined && !tooLate && (await start(cronJob, due))) scheduled = due;
      const next = nextRun(schedule, new Date(now), zone);
      if (next !== undefined) queue.addAfter(key, Math.min(LONGEST_WAIT_MS, Math.max(1, next.getTime() - now)));
    }
    await report(cronJob, scheduled);
  }

  /** False when another Job still runs and must not be disturbed. */
  async function start(cronJob: KubeObject, time: Date): Promise<boolean> {
    const spec = fieldsOf(cronJob['spec']);
    const active = jobs.of(cronJob).filter((job) => !isDone(job));
    if (active.length > 0 && spec['concurrencyPolicy'] === 'Forbid') return false;
    if (spec['concurrencyPolicy'] === 'Replace') for (const job of active) await deleteObject(world, job);
    const template = fieldsOf(spec['jobTemplate']);
    const meta = fieldsOf(template['metadata']);
    const name = `${cronJob.metadata.name ?? ''}-${Math.floor(time.getTime() / 60_000)}`;
    const annotations = { ...mapOf(meta['annotations']), 'batch.kubernetes.io/cronjob-scheduled-timestamp': timestamp(time.getTime()) };
    await createObject(world, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name,
        namespace: cronJob.metadata.namespace ?? '',
        labels: mapOf(meta['labels']),
        annotations,
        ownerReferences: ownedBy(cronJob),
      },
      spec: template['spec'],
    });
    stage.record('cronjob-controller', cronJob, { type: 'Normal', reason: 'SuccessfulCreate', message: `Created job ${name}` });
    return true;
  }

  /** Of the Jobs that are over, the newest stay. */
  async function forget(cronJob: KubeObject): Promise<void> {
    const spec = fieldsOf(cronJob['spec']);
    const done = jobs
      .of(cronJob)
      .filter((job) => isDone(job) && job.metadata.deletionTimestamp === undefined)
      .sort((a, b) => textOf(a.metadata.creationTimestamp).localeCompare(textOf(b.metadata.creationTimestamp)));
    for (const [list, limit] of [
      [done.filter((job) => !hasFailed(job)), spec['successfulJobsHistoryLimit'] ?? 3],
      [done.filter(hasFailed), spec['failedJobsHistoryLimit'] ?? 1],
    ] as const) {
      for (const job of list.slice(0, Math.max(0, list.length - numberOf(limit)))) await deleteObject(world, job);
    }
  }

  async function report(known: KubeObject, scheduled: Date | undefined): Promise<void> {
    const cronJob = world.lookup.get('batch/v1', 'CronJob', known.metadata.namespace, known.metadata.name ?? '');
    if (cronJob === undefined) return;
    const status = fieldsOf(cronJob['status']);
    const owned = jobs.of(cronJob);
    const active = owned
      .filter((job) => !isDone(job))
      .map(({ apiVersion, kind, metadata }) => ({
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        apiVersion,
        resourceVersion: metadata.resourceVersion,
      }));
    const successes = owned.filter((job) => isDone(job) && !hasFailed(job)).map((job) => textOf(fieldsOf(job['status'])['completionTime']));
    const lastSuccess = [...successes, textOf(status['lastSuccessfulTime'])].sort().at(-1) ?? '';
    await writeStatus(world, cronJob, {
      ...status,
      active: active.length === 0 ? undefined : active,
      ...(scheduled !== undefined && { lastScheduleTime: timestamp(scheduled.getTime()) }),
      ...(lastSuccess !== '' && { lastSuccessfulTime: lastSuccess }),
    });
  }
}

const MOST_MISSED = 100;

/** The latest time up to now that a schedule means, after the last one. Times that were missed count once. */
function latestBefore(next: (after: Date) => Date | undefined, last: Date, now: number): Date | undefined {
  let found: Date | undefined;
  let time = next(last);
  for (let missed = 0; time !== undefined && time.getTime() <= now; missed++) {
    // Far behind: from the recent past on is enough.
    if (missed === MOST_MISSED) return found;
    found = time;
    time = next(time);
  }
  return found;
}
