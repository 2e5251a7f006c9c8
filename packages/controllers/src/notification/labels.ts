import type { Cluster } from '@sluice/kube';
import type { InvolvedObject } from '@sluice/notifications';
import type { Clock } from '@sluice/runtime';

export type ObjectLabels = Readonly<Record<string, string>>;

/** For so long labels count as they were read: a burst of events is about the same objects. */
const KEEP_MS = 1_000;
const MAX_KEPT = 1_000;

interface Kept {
  readonly until: number;
  readonly reading: Promise<ObjectLabels | undefined>;
  /** Once they were read. */
  read?: { readonly labels: ObjectLabels | undefined };
}

/** The labels of the objects that events are about; undefined where an object can not be read. */
export interface LabelReader {
  /** Those that are known already. */
  known(object: InvolvedObject): { readonly labels: ObjectLabels | undefined } | undefined;
  read(object: InvolvedObject): Promise<ObjectLabels | undefined>;
}

/** Reads labels from the cluster, those of an object once at a time. */
export function createLabelReader(cluster: Cluster, clock: Clock, signal: AbortSignal): LabelReader {
  const kept = new Map<string, Kept>();

  function entryOf(object: InvolvedObject): Kept | undefined {
    const entry = kept.get(keyOf(object));
    return entry === undefined || entry.until <= clock.now() ? undefined : entry;
  }

  async function ask({ apiVersion, kind, namespace, name }: InvolvedObject): Promise<ObjectLabels | undefined> {
    try {
      const object = await cluster.get({ apiVersion, kind, namespace, name }, { as: 'metadata', signal });
      return object === undefined ? undefined : (object.metadata.labels ?? {});
    } catch {
      return undefined;
    }
  }

  return {
    known: (object) => entryOf(object)?.read,
    async read(object) {
      let entry = entryOf(object);
      if (entry === undefined) {
        if (kept.size >= MAX_KEPT) kept.clear();
        entry = { until: clock.now() + KEEP_MS, reading: ask(object) };
        kept.set(keyOf(object), entry);
        entry.read = { labels: await entry.reading };
      }
      return await entry.reading;
    },
  };
}

const keyOf = ({ apiVersion, kind, namespace, name }: InvolvedObject): string => JSON.stringify([apiVersion, kind, namespace, name]);
