/** Whose behaviour is wanted where the two differ. Flux 2.9 renders with Helm 4. */
export type HelmVersion = 3 | 4;
