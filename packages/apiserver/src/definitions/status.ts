import type { KubeObject } from '@sluice/core';
import type { DefinitionNames } from '../registry/definition.js';

export interface DefinitionStatus {
  readonly conditions?: readonly Condition[] | null;
  readonly acceptedNames?: DefinitionNames;
  readonly storedVersions?: readonly string[];
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

export function statusOf(definition: KubeObject): DefinitionStatus {
  const status: DefinitionStatus = definition['status'] ?? {};
  return status;
}

export function isTrue({ conditions }: DefinitionStatus, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

export function conditionOf(type: string, status: string, reason: string, message: string, now: string): Condition {
  return { type, status, lastTransitionTime: now, reason, message };
}

/** The conditions with one of them set; its time moves only with its status. */
export function setCondition(conditions: readonly Condition[], next: Condition): Condition[] {
  const before = conditions.find(({ type }) => type === next.type);
  if (before === undefined) return [...conditions, next];
  const kept = before.status === next.status ? { ...next, lastTransitionTime: before.lastTransitionTime } : next;
  return conditions.map((condition) => (condition === before ? kept : condition));
}
