/**
 * What every controller stands on: the {@link Reconciler} seam, with the queue, the status, events, metrics and logs around it.
 *
 * ```ts
 * const controller = startController({ name: 'kustomize-controller', kind: 'Kustomization', reconciler, objects, … });
 * controller.enqueue('apps/podinfo', { reason: 'source' });
 * await controller.stop(30_000);
 * ```
 *
 * @module
 */
export { apiTime, sleep, systemClock, type Clock } from './clock.js';
export { findCondition, hasCondition, removeConditions, setCondition, type Condition, type ConditionState } from './conditions.js';
export { startController, type Controller, type ControllerOptions, type FinishedPass } from './controller.js';
export { createEventBus, type EventBus, type EventInput, type ResourceEvent, type Severity } from './events.js';
export { createLogger, LOG_LEVELS, silentLogger, type LogFields, type Logger, type LogLevel, type LogOptions } from './log.js';
export { createClientMetrics } from './metrics/client-metrics.js';
export { createControllerMetrics, failureReason, type ControllerMetrics, type ControllerReports } from './metrics/controller-metrics.js';
export { registerProcessMetrics } from './metrics/process-metrics.js';
export {
  createRegistry,
  type Counter,
  type Gauge,
  type Histogram,
  type Info,
  type Labels,
  type MetricsRegistry,
} from './metrics/registry.js';
export { keyOf, objectKey, splitKey, type ObjectCache, type ObjectHandler } from './object-cache.js';
export { createProbes, type ProbeOptions } from './probes.js';
export { createWorkQueue, Priority, type Next, type QueueObserver, type Turn, type WorkQueue, type WorkQueueOptions } from './queue.js';
export { jittered, type Cause, type Outcome, type ReconcileContext, type Reconciler } from './reconciler.js';
export { selectedObjects } from './selected-objects.js';
export { conditionsOf, StatusDraft, type CommonStatus } from './status.js';
