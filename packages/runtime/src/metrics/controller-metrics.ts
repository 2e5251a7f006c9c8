import { SluiceError, type KubeObject } from '@sluice/core';
import type { Clock } from '../clock.js';
import { findCondition, type Condition } from '../conditions.js';
import { Priority, type Next, type QueueObserver, type WorkQueue } from '../queue.js';
import type { Histogram, MetricsRegistry } from './registry.js';

/** Flux's exponential buckets, from 10 ms to 30 min. */
const RECONCILE_BUCKETS = [
  0.01, 0.038363583488692544, 0.1471764538093883, 0.5646216173286169, 2.166090855590701, 8.309900738254731, 31.879757075478317,
  122.30217221643493, 469.19495946736544, 1799.9999999999986,
];

/** The buckets of controller-runtime's `controller_runtime_reconcile_time_seconds`. */
const RECONCILE_TIME_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5,
  5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];

/** The buckets of client-go's work queue, from 10 ns to 1,000 s. */
const QUEUE_BUCKETS = [1e-8, 1e-7, 1e-6, 9.999999999999999e-6, 9.999999999999999e-5, 0.001, 0.01, 0.1, 1, 10, 100, 1000];

/**
 * Families of webhooks that an API server calls, and of their certificates. Neither Flux's controllers nor these have such
 * webhooks: the counters are there, and stay at zero.
 */
const WEBHOOK_FAMILIES: readonly [name: string, help: string][] = [
  ['certwatcher_read_certificate_errors_total', 'Total number of certificate read errors'],
  ['certwatcher_read_certificate_total', 'Total number of certificate reads'],
  ['controller_runtime_conversion_webhook_panics_total', 'Total number of conversion webhook panics'],
  ['controller_runtime_webhook_panics_total', 'Total number of webhook panics'],
];

/** The families that all controllers of a process share, under the names of Flux's controllers. */
export interface ControllerMetrics {
  /** The reports of one controller, named as controller-runtime names it: the kind in lower case. */
  forController(controller: string, concurrency: number): ControllerReports;
}

export interface ReportedPass {
  /** As in the lines of the log. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly next: Next;
  readonly failure?: unknown;
}

export interface ControllerReports {
  readonly queue: QueueObserver;
  /** Shows the queue's depth and its running turns at each scrape. */
  watchQueue(queue: WorkQueue<unknown>, clock: Clock): void;
  /** A pass over an object has ended: with an error where it failed. */
  reconciled(object: KubeObject, pass: ReportedPass): void;
  /** The object's conditions and suspension, for alert rules, and why the last pass failed. */
  observe(object: KubeObject, conditions: readonly Condition[], failure?: unknown): void;
  /** The object is gone. */
  forget(kind: string, namespace: string, name: string): void;
}

export function createControllerMetrics(registry: MetricsRegistry): ControllerMetrics {
  const duration = registry.histogram(
    'gotk_reconcile_duration_seconds',
    'The duration in seconds of a GitOps Toolkit resource reconciliation.',
    ['kind', 'name', 'namespace'],
    RECONCILE_BUCKETS,
  );
  const condition = registry.gauge(
    'gotk_reconcile_condition',
    'The current condition status of a GitOps Toolkit resource reconciliation.',
    ['kind', 'name', 'namespace', 'type', 'status'],
  );
  const suspended = registry.gauge('gotk_suspend_status', 'The current suspend status of a GitOps Toolkit resource.', [
    'kind',
    'name',
    'namespace',
  ]);
  const failing = registry.info(
    'gotk_reconcile_failure',
    'Why a GitOps Toolkit resource is not ready: the reason of its condition, and that of the error in the catalogue.',
  );
  const total = registry.counter('controller_runtime_reconcile_total', 'Total number of reconciliations per controller', [
    'controller',
    'result',
  ]);
  const errors = registry.counter('controller_runtime_reconcile_errors_total', 'Total number of reconciliation errors per controller', [
    'controller',
  ]);
  const perController = (name: string, help: string) => registry.counter(name, help, ['controller']);
  const terminal = perController(
    'controller_runtime_terminal_reconcile_errors_total',
    'Total number of terminal reconciliation errors per controller',
  );
  const panics = perController('controller_runtime_reconcile_panics_total', 'Total number of reconciliation panics per controller');
  const timeouts = perController('controller_runtime_reconcile_timeouts_total', 'Total number of reconciliation timeouts per controller');
  const time = registry.histogram(
    'controller_runtime_reconcile_time_seconds',
    'Length of time per reconciliation per controller',
    ['controller'],
    RECONCILE_TIME_BUCKETS,
  );
  const active = registry.gauge('controller_runtime_active_workers', 'Number of currently used workers per controller', ['controller']);
  const most = registry.gauge('controller_runtime_max_concurrent_reconciles', 'Maximum number of concurrent reconciles per controller', [
    'controller',
  ]);
  const queues = createQueueFamilies(registry);
  for (const [name, help] of WEBHOOK_FAMILIES) registry.counter(name, help);

  return {
    forController(controller, concurrency) {
      const labels = { controller };
      most.set(labels, concurrency);
      active.set(labels, 0);
      for (const counter of [errors, terminal, panics, timeouts]) counter.increment(labels, 0);
      for (const result of ['error', 'requeue', 'requeue_after', 'success']) total.increment({ controller, result }, 0);
      const queueLabels = { controller, name: controller };
      return {
        queue: queues.observer(queueLabels),
        watchQueue(queue, clock) {
          registry.onScrape(() => {
            active.set(labels, queue.stats().running.length);
            queues.show(queueLabels, queue, clock);
          });
        },
        reconciled(object, { id, startedAt, endedAt, next, failure }) {
          const seconds = (endedAt - startedAt) / 1000;
          const exemplar = { labels: { reconcileID: id, trace_id: id.replaceAll('-', '') }, at: endedAt };
          duration.observe(objectLabels(object), seconds, exemplar);
          time.observe(labels, seconds, exemplar);
          total.increment({ controller, result: failure === undefined ? resultOf(next) : 'error' });
          if (failure === undefined) return;
          errors.increment(labels);
          if (next.type === 'idle') terminal.increment(labels);
          const chain = causesOf(failure);
          if (chain.some(isBug)) panics.increment(labels);
          if (chain.some(isTimeout)) timeouts.increment(labels);
        },
        observe(object, conditions, failure) {
          const of = objectLabels(object);
          const state = object.metadata.deletionTimestamp === undefined ? findCondition(conditions, 'Ready')?.status : 'Deleted';
          for (const status of ['True', 'False', 'Unknown', 'Deleted'])
            condition.set({ ...of, type: 'Ready', status }, status === state ? 1 : 0);
          suspended.set(of, (object['spec'] as { suspend?: boolean } | undefined)?.suspend === true ? 1 : 0);
          const reason = findCondition(conditions, 'Ready')?.reason ?? '';
          if (failure === undefined && state !== 'False') failing.remove(idOf(of));
          else failing.set(idOf(of), { ...of, reason, error: failureReason(failure) ?? '' });
        },
        forget(kind, namespace, name) {
          const of = { kind, namespace, name };
          duration.remove(of);
          suspended.remove(of);
          failing.remove(idOf(of));
          for (const status of ['True', 'False', 'Unknown', 'Deleted']) condition.remove({ ...of, type: 'Ready', status });
        },
      };
    },
  };
}

interface ObjectLabels {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly [label: string]: string;
}

const idOf = ({ kind, namespace, name }: ObjectLabels): string => `${kind}/${namespace}/${name}`;

function objectLabels({ kind, metadata }: KubeObject): ObjectLabels {
  return { kind, name: metadata.name ?? '', namespace: metadata.namespace ?? '' };
}

/** The reason of an error: the innermost one of the catalogue, which says most. */
export function failureReason(failure: unknown): string | undefined {
  return causesOf(failure).findLast((error): error is SluiceError => error instanceof SluiceError)?.reason;
}

const MAX_CAUSES = 10;

/** An error, its cause, the cause of that, … */
function causesOf(failure: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let error = failure; error !== undefined && causes.length < MAX_CAUSES; error = error instanceof Error ? error.cause : undefined) {
    causes.push(error);
  }
  return causes;
}

/** What Go would have panicked of. */
const isBug = (error: unknown): boolean => error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;

const isTimeout = (error: unknown): boolean =>
  error instanceof SluiceError ? error.reason.endsWith('Timeout') : error instanceof Error && error.name === 'TimeoutError';

function resultOf(next: Next): string {
  if (next.type === 'retry') return 'requeue';
  return next.type === 'after' ? (next.delayMs <= 0 ? 'requeue' : 'requeue_after') : 'success';
}

type QueueLabels = { readonly controller: string; readonly name: string };

function createQueueFamilies(registry: MetricsRegistry) {
  const names = ['controller', 'name'];
  const adds = registry.counter('workqueue_adds_total', 'Total number of adds handled by workqueue', names);
  const retries = registry.counter(
    'workqueue_retries_total',
    'Total number of items added to the workqueue with a non-zero delay (rate-limited requeues, explicit RequeueAfter or AddAfter calls)',
    names,
  );
  const depth = registry.gauge('workqueue_depth', 'Current depth of workqueue by workqueue and priority', [...names, 'priority']);
  const longest = registry.gauge(
    'workqueue_longest_running_processor_seconds',
    'How many seconds has the longest running processor for workqueue been running.',
    names,
  );
  const unfinished = registry.gauge(
    'workqueue_unfinished_work_seconds',
    "How many seconds of work has been done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
    names,
  );
  const waited: Histogram = registry.histogram(
    'workqueue_queue_duration_seconds',
    'How long in seconds an item stays in workqueue before being requested',
    names,
    QUEUE_BUCKETS,
  );
  const worked: Histogram = registry.histogram(
    'workqueue_work_duration_seconds',
    'How long in seconds processing an item from workqueue takes.',
    names,
    QUEUE_BUCKETS,
  );
  return {
    observer: (labels: QueueLabels): QueueObserver => ({
      added: () => adds.increment(labels),
      started: (ms) => waited.observe(labels, ms / 1000),
      finished: (ms) => worked.observe(labels, ms / 1000),
      retried: () => retries.increment(labels),
    }),
    show(labels: QueueLabels, queue: WorkQueue<unknown>, clock: Clock): void {
      const { waiting, running } = queue.stats();
      for (const priority of Object.values(Priority)) depth.set({ ...labels, priority: String(priority) }, waiting.get(priority) ?? 0);
      const seconds = running.map((startedAt) => (clock.now() - startedAt) / 1000);
      longest.set(labels, Math.max(0, ...seconds));
      unfinished.set(
        labels,
        seconds.reduce((sum, one) => sum + one, 0),
      );
    },
  };
}
