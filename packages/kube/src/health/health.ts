/**
 * What an object's status says about how far it is.
 * - `Current`: it is what it should be.
 * - `InProgress`: on its way.
 * - `Failed`: it will not get there by itself.
 */
export type HealthStatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating' | 'NotFound' | 'Unknown';

/** A standard condition that follows from an object's health: `Reconciling` or `Stalled`, always True. */
export interface HealthCondition {
  readonly type: 'Reconciling' | 'Stalled';
  readonly status: 'True';
  readonly reason: string;
  readonly message: string;
}

export interface Health {
  readonly status: HealthStatus;
  readonly message: string;
  readonly conditions: readonly HealthCondition[];
  /** Why the health is Unknown: the status is not of the form it should have, or a request failed. */
  readonly error?: string;
}

export function current(message: string): Health {
  return { status: 'Current', message, conditions: [] };
}

export function inProgress(reason: string, message: string): Health {
  return { status: 'InProgress', message, conditions: [{ type: 'Reconciling', status: 'True', reason, message }] };
}

export function failed(reason: string, message: string, detail = message): Health {
  return { status: 'Failed', message, conditions: [{ type: 'Stalled', status: 'True', reason, message: detail }] };
}

export function unknown(error: string): Health {
  return { status: 'Unknown', message: '', conditions: [], error };
}

export const notFound: Health = { status: 'NotFound', message: 'Resource not found', conditions: [] };
