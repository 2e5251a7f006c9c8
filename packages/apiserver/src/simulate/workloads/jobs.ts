import type { KubeObject } from '@sluice/core';
import { fieldsOf, isSet, itemsOf, numberOf, textOf } from '../../kinds/index.js';
import { setConditions, timestamp, type Condition } from '../conditions.js';
import { WorkQueue } from '../work-queue.js';
import { keyOf, partsOf, type Controller } from '../world.js';
import { ownerQueue } from './owner-queue.js';
import { podOf } from './pod-template.js';
import { count, deleteObject, isActive, isReady, phaseOf, tryCreate, writeStatus, type Stage } from './stage.js';

const INDEX = 'batch.kubernetes.io/job-completion-index';

/** Runs the pods of Jobs to completion, or until there were too many failures. */
export function jobController(stage: Stage): Controller {
  const { world, pods } = stage;
  const queue = new WorkQueue(reconcile, world);
  return ownerQueue(queue, 'batch/jobs', 'Job');

  async function reconcile(key: string): Promise<void> {
    const { namespace, name } = partsOf(key);
    const job = world.lookup.get('batch/v1', 'Job', namespace, name);
    if (job === undefined || job.metadata.deletionTimestamp !== undefined) return;
    if (textOf(fieldsOf(job['spec'])['managedBy']) !== '') return;
    if (isDone(job)) return expire(job);
    await work(job);
  }

  async function work(job: KubeObject): Promise<void> {
    const spec = fieldsOf(job['spec']);
    const status = fieldsOf(job['status']);
    const now = world.timers.now();
    const all = pods.of(job);
    const active = all.filter(isActive);
    // Pods of the past may be gone already: what was counted stays counted.
    const succeeded = Math.max(numberOf(status['succeeded']), all.filter((pod) => phaseOf(pod) === 'Succeeded').length);
    const failed = Math.max(numberOf(status['failed']), all.filter((pod) => phaseOf(pod) === 'Failed').length);
    const suspended = spec['suspend'] === true;
    const startTime = suspended ? undefined : textOf(status['startTime']) || timestamp(now);
    const failure = suspended ? undefined : failureOf(job, all, failed, startTime ?? '', now);
    const parallelism = isSet(spec['parallelism']) ? numberOf(spec['parallelism']) : 1;
    const completions = isSet(spec['completions']) ? numberOf(spec['completions']) : undefined;
    const complete = completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= completions;

    if (failure !== undefined || suspended) for (const pod of active) await deleteObject(world, pod);
    else if (!complete) {
      const left = completions === undefined ? (succeeded > 0 ? active.length : parallelism) : completions - succeeded;
      const wanted = Math.min(parallelism, left);
      for (let missing = wanted - active.length; missing > 0; missing--) if (!(await createPod(job, all))) break;
      for (const pod of active.slice(wanted)) await deleteObject(world, pod);
    }
    await report(job, { succeeded, failed, startTime, failure, complete, suspended });
    const deadline = spec['activeDeadlineSeconds'];
    if (isSet(deadline) && startTime !== undefined && !complete && failure === undefined) {
      queue.addAfter(keyOf(job), Math.max(1, Date.parse(startTime) + numberOf(deadline) * 1000 - now));
    }
  }

  async function createPod(job: KubeObject, all: readonly KubeObject[]): Promise<boolean> {
    const spec = fieldsOf(job['spec']);
    const { name: jobName = '' } = job.metadata;
    let more: Parameters<typeof podOf>[2] = {};
    if (spec['completionMode'] === 'Indexed') {
      const taken = new Set(
        [...all, ...pods.of(job)].filter((pod) => phaseOf(pod) !== 'Failed').map(({ metadata }) => metadata.annotations?.[INDEX]),
      );
      let index = 0;
      while (taken.has(String(index))) index++;
      const suffix = Math.floor(world.timers.random() * 1e9)
        .toString(36)
        .padStart(5, 'x')
        .slice(0, 5);
      more = {
        name: `${jobName}-${index}-${suffix}`,
        annotations: { [INDEX]: String(index) },
        labels: { [INDEX]: String(index) },
        spec: { hostname: `${jobName}-${index}` },
      };
    }
    const refusal = await tryCreate(world, podOf(job, fieldsOf(spec['template']), more));
    if (refusal === undefined) return true;
    stage.record('job-controller', job, { type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${refusal}` });
    queue.addAfter(keyOf(job), 5_000);
    return false;
  }

  interface Progress {
    readonly succeeded: number;
    readonly failed: number;
    readonly startTime: string | undefined;
    readonly failure: Condition | undefined;
    readonly complete: boolean;
    readonly suspended: boolean;
  }

  async function report(known: KubeObject, { succeeded, failed, startTime, failure, complete, suspended }: Progress): Promise<void> {
    const job = world.lookup.get('batch/v1', 'Job', known.metadata.namespace, known.metadata.name ?? '');
    if (job === undefined) return;
    const now = world.timers.now();
    const status = fieldsOf(job['status']);
    const active = failure !== undefined || suspended ? [] : pods.of(job).filter(isActive);
    const before = itemsOf(status['conditions']) as unknown as readonly Condition[];
    const wasSuspended = before.some(({ type, status: state }) => type === 'Suspended' && state === 'True');
    const wanted: Condition[] = [];
    if (suspended) wanted.push({ type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' });
    else if (wasSuspended) wanted.push({ type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' });
    if (complete && failure === undefined && !suspended) {
      const done = { status: 'True', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
      wanted.push({ type: 'SuccessCriteriaMet', ...done }, { type: 'Complete', ...done });
    } else if (failure !== undefined) wanted.push({ ...failure, type: 'FailureTarget' }, failure);
    const conditions = probed(setConditions(before, wanted, now));
    const done = wanted.some(({ type }) => type === 'Complete');
    const indexes = completedIndexes(job);
    await writeStatus(world, job, {
      ...status,
      startTime,
      completionTime: done ? textOf(status['completionTime']) || timestamp(now) : undefined,
      active: count(active.length),
      succeeded: count(succeeded),
      failed: count(failed),
      ready: active.filter(isReady).length,
      terminating: 0,
      uncountedTerminatedPods: {},
      conditions: conditions.length === 0 ? undefined : conditions,
      ...(indexes !== undefined && { completedIndexes: indexes }),
    });
    if (done && textOf(status['completionTime']) === '')
      stage.record('job-controller', job, { type: 'Normal', reason: 'Completed', message: 'Job completed' });
    if (failure !== undefined && !isDone(job))
      stage.record('job-controller', job, { type: 'Warning', reason: failure.reason ?? '', message: failure.message ?? '' });
  }

  function completedIndexes(job: KubeObject): string | undefined {
    if (fieldsOf(job['spec'])['completionMode'] !== 'Indexed') return undefined;
    const done = pods
      .of(job)
      .filter((pod) => phaseOf(pod) === 'Succeeded')
      .map(({ metadata }) => Number(metadata.annotations?.[INDEX] ?? 0))
      .sort((a, b) => a - b);
    const parts: string[] = [];
    for (let start = 0; start < done.length;) {
      let end = start;
      while (end + 1 < done.length && (done[end + 1] as number) <= (done[end] as number) + 1) end++;
      parts.push(
        done[start] === done[end] ? `${done[start]}` : `${done[start]}${done[end] === (done[start] as number) + 1 ? ',' : '-'}${done[end]}`,
      );
      start = end + 1;
    }
    return parts.length === 0 ? undefined : parts.join(',');
  }

  /** A finished Job with a time to live goes when it is over. */
  async function expire(job: KubeObject): Promise<void> {
    const ttl = fieldsOf(job['spec'])['ttlSecondsAfterFinished'];
    if (!isSet(ttl)) return;
    const finished = itemsOf(fieldsOf(job['status'])['conditions']).find(
      (item) => (item['type'] === 'Complete' || item['type'] === 'Failed') && item['status'] === 'True',
    );
    const due = Date.parse(textOf(finished?.['lastTransitionTime'])) + numberOf(ttl) * 1000;
    const now = world.timers.now();
    if (due > now) queue.addAfter(keyOf(job), due - now);
    else await deleteObject(world, job);
  }
}

/** Whether a Job is complete, or has failed for good. */
export function isDone(job: KubeObject): boolean {
  return itemsOf(fieldsOf(job['status'])['conditions']).some(
    (item) => (item['type'] === 'Complete' || item['type'] === 'Failed') && item['status'] === 'True',
  );
}

export function hasFailed(job: KubeObject): boolean {
  return itemsOf(fieldsOf(job['status'])['conditions']).some((item) => item['type'] === 'Failed' && item['status'] === 'True');
}

function failureOf(job: KubeObject, all: readonly KubeObject[], failed: number, startTime: string, now: number): Condition | undefined {
  const spec = fieldsOf(job['spec']);
  const limit = isSet(spec['backoffLimit']) ? numberOf(spec['backoffLimit']) : 6;
  const restarts = all.reduce(
    (sum, pod) =>
      sum + itemsOf(fieldsOf(pod['status'])['containerStatuses']).reduce((total, item) => total + numberOf(item['restartCount']), 0),
    0,
  );
  const onFailure = fieldsOf(fieldsOf(spec['template'])['spec'])['restartPolicy'] === 'OnFailure';
  if (failed > limit || (onFailure && restarts > 0 && restarts >= limit)) {
    return { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  }
  const deadline = spec['activeDeadlineSeconds'];
  if (isSet(deadline) && startTime !== '' && Date.parse(startTime) + numberOf(deadline) * 1000 <= now) {
    return { type: 'Failed', status: 'True', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  }
  return undefined;
}

/** Jobs say when they last looked; it is when a condition changed. */
function probed(conditions: readonly Condition[]): readonly Condition[] {
  return conditions.map((condition) => ({
    ...condition,
    lastProbeTime: fieldsOf(condition)['lastProbeTime'] ?? condition.lastTransitionTime,
  }));
}
