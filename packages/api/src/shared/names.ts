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
