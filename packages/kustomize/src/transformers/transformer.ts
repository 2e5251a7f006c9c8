import type { Origin } from '../resource/origin.js';
import type { ResourceList } from '../resource/resource-list.js';

/** Changes the resources of a build. */
export interface Transformer {
  readonly transform: (resources: ResourceList) => void;
  /** Where it was configured, when the build keeps track of that. */
  readonly origin?: Origin;
}
