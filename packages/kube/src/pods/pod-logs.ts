import { linesOf } from '../client/watch-events.js';
import { query } from '../client/request-path.js';
import type { CallOptions, Cluster } from '../cluster.js';

export interface PodLogOptions extends CallOptions {
  /** Default: the only one, or the one that the pod's annotation names. */
  readonly container?: string;
  /** Go on with what is written from now on. */
  readonly follow?: boolean;
  /** Of the container before its last restart. */
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** RFC 3339; not together with the seconds. */
  readonly sinceTime?: string;
  /** Each line begins with its time. */
  readonly timestamps?: boolean;
  readonly limitBytes?: number;
}

/** The lines of a pod's log, as they come. */
export function podLogs(
  cluster: Cluster,
  pod: { readonly namespace: string; readonly name: string },
  options: PodLogOptions = {},
): AsyncIterable<string> {
  const { container, follow, previous, tailLines, sinceSeconds, sinceTime, timestamps, limitBytes } = options;
  const parameters = query({ container, follow, previous, tailLines, sinceSeconds, sinceTime, timestamps, limitBytes });
  const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/log${parameters}`;
  return linesOf(cluster.stream(path, options), { unfinished: true, empty: true });
}
