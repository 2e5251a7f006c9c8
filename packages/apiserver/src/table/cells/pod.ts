import { age } from '@sluice/core';
import { at, items, number, text } from '../value.js';
import type { CellReader } from './types.js';

export const podCells: CellReader = (pod, ageOf, now) => {
  const { reason, ready, restarts, lastRestart } = summary(pod);
  const containers = items(pod, 'spec', 'containers').length + restartableInits(pod);
  const gates = items(pod, 'spec', 'readinessGates');
  const passed = gates.filter((gate) =>
    items(pod, 'status', 'conditions').some(
      (condition) => text(condition, 'type') === text(gate, 'conditionType') && text(condition, 'status') === 'True',
    ),
  );
  const restartText = lastRestart === undefined || restarts === 0 ? String(restarts) : `${restarts} (${age(lastRestart, now)} ago)`;
  return [
    pod.metadata.name,
    `${ready}/${containers}`,
    reason,
    restartText,
    ageOf(pod.metadata.creationTimestamp),
    text(items(pod, 'status', 'podIPs')[0], 'ip') || '<none>',
    text(pod, 'spec', 'nodeName') || '<none>',
    text(pod, 'status', 'nominatedNodeName') || '<none>',
    gates.length === 0 ? '<none>' : `${passed.length}/${gates.length}`,
  ];
};

interface Summary {
  readonly reason: string;
  readonly ready: number;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
}

/** The one word for how a Pod is doing: its first init container that is not done, else its containers, else its phase. */
function summary(pod: unknown): Summary {
  let reason = text(pod, 'status', 'reason') || text(pod, 'status', 'phase');
  const initialized = items(pod, 'status', 'conditions').some(
    (condition) => text(condition, 'type') === 'Initialized' && text(condition, 'status') === 'True',
  );
  const gated = items(pod, 'status', 'conditions').some(
    (condition) => text(condition, 'type') === 'PodScheduled' && text(condition, 'reason') === 'SchedulingGated',
  );
  if (gated) reason = 'SchedulingGated';
  const init = initReason(pod);
  if (init.reason !== undefined && !initialized) {
    return { ...deleted(pod, init.reason), ready: init.ready, restarts: init.restarts, lastRestart: init.lastRestart };
  }
  let { ready } = init;
  let restarts = init.sidecarRestarts;
  let lastRestart: string | undefined;
  let isRunning = false;
  for (const status of [...items(pod, 'status', 'containerStatuses')].reverse()) {
    restarts += number(status, 'restartCount');
    lastRestart = later(lastRestart, text(status, 'lastState', 'terminated', 'finishedAt'));
    const waiting = text(status, 'state', 'waiting', 'reason');
    const terminated = at(status, 'state', 'terminated');
    if (waiting !== '') reason = waiting;
    else if (terminated !== undefined) reason = terminatedReason(terminated);
    else if (at(status, 'ready') === true && at(status, 'state', 'running') !== undefined) {
      isRunning = true;
      ready++;
    }
  }
  if (reason === 'Completed' && isRunning) reason = isReady(pod) ? 'Running' : 'NotReady';
  return { ...deleted(pod, reason), ready, restarts, lastRestart };
}

function initReason(pod: unknown): {
  reason: string | undefined;
  ready: number;
  restarts: number;
  sidecarRestarts: number;
  lastRestart: string | undefined;
} {
  const specs = items(pod, 'spec', 'initContainers');
  const isSidecar = new Set(specs.filter((spec) => text(spec, 'restartPolicy') === 'Always').map((spec) => text(spec, 'name')));
  let ready = 0;
  let restarts = 0;
  let sidecarRestarts = 0;
  let lastRestart: string | undefined;
  for (const [index, status] of items(pod, 'status', 'initContainerStatuses').entries()) {
    restarts += number(status, 'restartCount');
    lastRestart = later(lastRestart, text(status, 'lastState', 'terminated', 'finishedAt'));
    const sidecar = isSidecar.has(text(status, 'name'));
    if (sidecar) sidecarRestarts += number(status, 'restartCount');
    const terminated = at(status, 'state', 'terminated');
    if (terminated !== undefined && number(terminated, 'exitCode') === 0) continue;
    if (sidecar && at(status, 'started') === true) {
      if (at(status, 'ready') === true) ready++;
      continue;
    }
    const waiting = text(status, 'state', 'waiting', 'reason');
    const reason =
      terminated !== undefined
        ? `Init:${terminatedReason(terminated)}`
        : waiting !== '' && waiting !== 'PodInitializing'
          ? `Init:${waiting}`
          : `Init:${index}/${specs.length}`;
    return { reason, ready, restarts, sidecarRestarts, lastRestart };
  }
  return { reason: undefined, ready, restarts, sidecarRestarts, lastRestart };
}

function terminatedReason(terminated: unknown): string {
  const reason = text(terminated, 'reason');
  if (reason !== '') return reason;
  const signal = number(terminated, 'signal');
  return signal === 0 ? `ExitCode:${number(terminated, 'exitCode')}` : `Signal:${signal}`;
}

function deleted(pod: unknown, reason: string): { reason: string } {
  if (at(pod, 'metadata', 'deletionTimestamp') === undefined) return { reason };
  if (text(pod, 'status', 'reason') === 'NodeLost') return { reason: 'Unknown' };
  const phase = text(pod, 'status', 'phase');
  return { reason: phase === 'Succeeded' || phase === 'Failed' ? reason : 'Terminating' };
}

function isReady(pod: unknown): boolean {
  return items(pod, 'status', 'conditions').some(
    (condition) => text(condition, 'type') === 'Ready' && text(condition, 'status') === 'True',
  );
}

function restartableInits(pod: unknown): number {
  return items(pod, 'spec', 'initContainers').filter((spec) => text(spec, 'restartPolicy') === 'Always').length;
}

function later(a: string | undefined, b: string): string | undefined {
  return b !== '' && (a === undefined || b > a) ? b : a;
}
