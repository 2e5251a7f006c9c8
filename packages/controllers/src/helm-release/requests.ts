import { requestAnnotations, type KubeObject } from '@sluice/core';
import type { HelmReleaseStatus } from './spec.js';

/** Whether somebody asks for a release action whatever the state is. Asked once, it is noted as handled. */
export function takeForceRequest(object: KubeObject, status: HelmReleaseStatus): boolean {
  return take(object, status, requestAnnotations.forceAt, 'lastHandledForceAt');
}

/** Whether somebody asks for failures to be forgotten. Asked once, it is noted as handled. */
export function takeResetRequest(object: KubeObject, status: HelmReleaseStatus): boolean {
  return take(object, status, requestAnnotations.resetAt, 'lastHandledResetAt');
}

/** A request counts when it comes together with one for a pass, that is, with the same value. */
function take(
  { metadata }: KubeObject,
  status: HelmReleaseStatus,
  annotation: string,
  field: 'lastHandledForceAt' | 'lastHandledResetAt',
): boolean {
  const asked = metadata.annotations?.[annotation];
  const pass = metadata.annotations?.[requestAnnotations.requestedAt];
  if (asked === undefined) return false;
  const handled = status[field];
  status[field] = asked;
  return asked === pass && asked !== handled && pass !== status.lastHandledReconcileAt;
}
