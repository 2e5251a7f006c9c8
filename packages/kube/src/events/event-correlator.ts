import type { Timers } from '../client/timers.js';
import type { CoreEvent } from './event-recorder.js';

/** An event as it should be written. */
export interface Correlated {
  readonly event: CoreEvent;
  /** The event that it raises the count of. */
  readonly earlier: CoreEvent | undefined;
  readonly key: string;
}

/** So many similar events (the same but for the message) within the interval, before they are combined. */
const SIMILAR_LIMIT = 10;
const SIMILAR_INTERVAL_MS = 10 * 60_000;
/** So many events of a type at once about one object, then one each five minutes. */
const BURST = 25;
const REFILL_MS = 5 * 60_000;
/** So many objects and events are remembered; the longest unused are forgotten. */
const MEMORY = 4_096;

/** Decides for each event whether it is new, one more of the same, one of too many alike, or too much. */
export class EventCorrelator {
  readonly #timers: Timers;
  readonly #written = new Recent<CoreEvent>();
  readonly #similar = new Recent<{ since: number; readonly messages: Set<string> }>();
  readonly #allowance = new Recent<{ tokens: number; at: number }>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** How to write an event; undefined when it must not be. */
  correlate(incoming: CoreEvent): Correlated | undefined {
    const event = this.#combine(incoming);
    const key = JSON.stringify([similarKey(event), event.message.startsWith(COMBINED) ? COMBINED : event.message]);
    const earlier = this.#written.get(key);
    if (!this.#allow(event)) return undefined;
    if (earlier === undefined) return { event, earlier, key };
    const { metadata, firstTimestamp, count } = earlier;
    return {
      event: { ...event, metadata: { ...event.metadata, name: metadata.name ?? '' }, firstTimestamp, count: count + 1 },
      earlier,
      key,
    };
  }

  /** Remembers an event as the server has it, so that the next of its kind raises its count. */
  written({ key }: Correlated, event: CoreEvent): void {
    this.#written.set(key, event);
  }

  #combine(event: CoreEvent): CoreEvent {
    const now = this.#timers.now();
    const key = similarKey(event);
    let seen = this.#similar.get(key);
    if (seen === undefined || now - seen.since > SIMILAR_INTERVAL_MS) seen = { since: now, messages: new Set() };
    seen.since = now;
    seen.messages.add(event.message);
    this.#similar.set(key, seen);
    if (seen.messages.size < SIMILAR_LIMIT) return event;
    seen.messages.delete(seen.messages.values().next().value ?? '');
    return { ...event, message: `${COMBINED}: ${event.message}` };
  }

  /** A bucket of tokens for each source, object and type: client-go has one for both types, and loses warnings after a busy day. */
  #allow({ source, involvedObject, type }: CoreEvent): boolean {
    const key = JSON.stringify([source, withoutVersion(involvedObject), type]);
    const now = this.#timers.now();
    const { tokens, at } = this.#allowance.get(key) ?? { tokens: BURST, at: now };
    const available = Math.min(BURST, tokens + (now - at) / REFILL_MS);
    this.#allowance.set(key, { tokens: available < 1 ? available : available - 1, at: now });
    return available >= 1;
  }
}

const COMBINED = '(combined from similar events)';

/** Everything but the message and the object's version. */
function similarKey({ source, involvedObject, type, reason, reportingComponent, reportingInstance }: CoreEvent): string {
  return JSON.stringify([source, withoutVersion(involvedObject), type, reason, reportingComponent, reportingInstance]);
}

function withoutVersion({ kind, apiVersion, namespace, name, uid }: CoreEvent['involvedObject']): readonly unknown[] {
  return [kind, apiVersion, namespace, name, uid];
}

/** A map that forgets what was used longest ago. */
class Recent<V> {
  readonly #entries = new Map<string, V>();

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > MEMORY) this.#entries.delete(this.#entries.keys().next().value ?? '');
  }
}
