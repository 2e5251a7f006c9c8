import { isJsonObject, type KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { selects } from '../kinds/index.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { renderStatus } from '../server/render.js';
import { internalError, StatusError } from '../server/status.js';
import type { Stored } from '../store/stored.js';
import { checkStill } from '../verbs/change.js';
import { readEviction, removeStored } from '../verbs/delete.js';
import { find } from '../verbs/get.js';

const BUDGETS = 'policy/poddisruptionbudgets';
const RETRY_SECONDS = 10;

/** Deletes a pod if its disruption budget can bear it. */
export async function evict(call: ResourceCall): Promise<HttpResponse> {
  const { context } = call;
  const { eviction, options } = readEviction(call);
  const stored = find(call);
  if (context.admission.isAsked) {
    await context.admission.admit(call, { operation: 'CREATE', object: eviction, oldObject: undefined, dryRun: options.dryRun });
    checkStill(call, stored);
  }
  const pod = stored.object;
  const writes: Promise<void>[] = [];
  if (isProtected(pod)) {
    const budgets = context.store
      .table(BUDGETS)
      .objects.list(pod.metadata.namespace)
      .filter(({ object }) => selects((object['spec'] as { selector?: unknown } | undefined)?.selector, pod.metadata.labels ?? {}));
    if (budgets.length > 1)
      throw internalError('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
    const [budget] = budgets;
    if (budget !== undefined) {
      const spent = spend(budget, pod, timestamp(context.now()));
      if (!options.dryRun) writes.push(context.store.put(BUDGETS, budget.key, spent).done);
    }
  }
  await removeStored(call, stored, options).done;
  await Promise.all(writes);
  return renderStatus(call, 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

/** Pods that do not run, or no longer, disrupt nothing. */
function isProtected({ metadata, status }: KubeObject): boolean {
  const phase = isJsonObject(status) ? status['phase'] : undefined;
  return metadata.deletionTimestamp === undefined && phase !== 'Pending' && phase !== 'Succeeded' && phase !== 'Failed';
}

interface BudgetStatus {
  readonly observedGeneration?: number;
  readonly disruptionsAllowed?: number;
  readonly desiredHealthy?: number;
  readonly currentHealthy?: number;
  readonly disruptedPods?: Readonly<Record<string, string>>;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly lastTransitionTime: string }[];
}

/** The budget with one disruption less; throws a 429 when it has none left. */
function spend({ object }: Stored, pod: KubeObject, now: string): KubeObject {
  const status = (object['status'] ?? {}) as BudgetStatus;
  const name = object.metadata.name ?? '';
  const { observedGeneration = 0, disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0 } = status;
  if (observedGeneration < (object.metadata.generation ?? 0))
    throw refusal(`The disruption budget ${name} is still being processed by the server.`);
  if (disruptionsAllowed <= 0) {
    throw refusal(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`, null);
  }
  return {
    ...object,
    status: {
      ...status,
      ...(disruptionsAllowed === 1 ? { conditions: withoutDisruptions(status, now) } : {}),
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...status.disruptedPods, [pod.metadata.name ?? '']: now },
    },
  };
}

/** The conditions of a budget that has nothing left to give. */
function withoutDisruptions({ conditions = [], observedGeneration }: BudgetStatus, now: string): object[] {
  const type = 'DisruptionAllowed';
  const before = conditions.find((condition) => condition.type === type);
  const lastTransitionTime = before?.status === 'False' ? before.lastTransitionTime : now;
  const condition = { type, status: 'False', observedGeneration, lastTransitionTime, reason: 'InsufficientPods', message: '' };
  return [...conditions.filter((other) => other !== before), condition];
}

function refusal(why: string, retryAfterSeconds: number | null = RETRY_SECONDS): StatusError {
  return new StatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message: why }],
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
  });
}
