import type { JsonObject } from '@sluice/core';

/**
 * Asks the cluster for an object, or without a name for a list of them (of one namespace, or of all). Undefined when there
 * is no such object; throws when the kind is unknown, or the cluster does not answer.
 */
export type Lookup = (apiVersion: string, kind: string, namespace: string, name: string) => JsonObject | undefined;

/** What Helm's functions need of the rendering that they are called in. */
export interface RenderHost {
  readonly lookup: Lookup | undefined;
  /** `helm lint`: nothing fails for values that are missing. */
  readonly lint: boolean;
  /** How often each template is being included right now. */
  readonly included: Map<string, number>;
}
