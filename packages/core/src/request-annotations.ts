/** The annotations by which people, webhooks and commands ask a controller for something. */
export const requestAnnotations = {
  /** Reconcile now: any new value. The answer is the same value in `status.lastHandledReconcileAt`. */
  requestedAt: 'reconcile.fluxcd.io/requestedAt',
  /** With the same value as requestedAt: act even where nothing changed. */
  forceAt: 'reconcile.fluxcd.io/forceAt',
  /** With the same value as requestedAt: start counting failures anew. */
  resetAt: 'reconcile.fluxcd.io/resetAt',
} as const;
