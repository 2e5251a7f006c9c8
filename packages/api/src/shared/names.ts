/** The groups of the Flux API. */
export const groups = {
  source: 'source.toolkit.fluxcd.io',
  kustomize: 'kustomize.toolkit.fluxcd.io',
  helm: 'helm.toolkit.fluxcd.io',
  notification: 'notification.toolkit.fluxcd.io',
  image: 'image.toolkit.fluxcd.io',
} as const;

/** The finalizer of every kind that has to clean up. */
export const finalizer = 'finalizers.fluxcd.io';

/** The annotations by which people ask for something. */
export const annotations = {
  /** Reconcile now: any new value. */
  requestedAt: 'reconcile.fluxcd.io/requestedAt',
  /** With the same value as requestedAt: act even where nothing changed. */
  forceAt: 'reconcile.fluxcd.io/forceAt',
  /** With the same value as requestedAt: start counting failures anew. */
  resetAt: 'reconcile.fluxcd.io/resetAt',
} as const;
