import type { NotificationEvent } from '@sluice/notifications';

/** An event that waits to be told, for an Alert. */
export interface Waiting {
  readonly alert: string;
  readonly event: NotificationEvent;
}

export type Taken = 'queued' | 'grouped' | 'dropped';

export interface QueueLimits {
  readonly items: number;
  readonly bytes: number;
  /** With so many waiting, what is about the same object is grouped. */
  readonly groupFrom: number;
}

export const queueLimits: QueueLimits = { items: 1_000, bytes: 8 * 1024 * 1024, groupFrom: 20 };

/** How many messages a group shows; the others are counted. */
const SHOWN = 10;

interface Entry {
  readonly alert: string;
  /** The newest one. */
  event: NotificationEvent;
  readonly messages: string[];
  /** Those that are not shown. */
  more: number;
  bytes: number;
}

/**
 * What waits for one Provider. It holds a bounded number of events of a bounded size; a burst about one object becomes one
 * message, with the newest metadata.
 */
export class ProviderQueue {
  readonly #limits: QueueLimits;
  readonly #entries: Entry[] = [];
  readonly #groups = new Map<string, Entry>();
  #bytes = 0;

  constructor(limits: QueueLimits = queueLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.length;
  }

  add({ alert, event }: Waiting): Taken {
    const key = groupOf(alert, event);
    const group = this.#entries.length >= this.#limits.groupFrom ? this.#groups.get(key) : undefined;
    if (group !== undefined) {
      this.#merge(group, event);
      return 'grouped';
    }
    const bytes = sizeOf(event);
    if (this.#entries.length >= this.#limits.items || this.#bytes + bytes > this.#limits.bytes) return 'dropped';
    const entry = { alert, event, messages: [event.message], more: 0, bytes };
    this.#entries.push(entry);
    this.#groups.set(key, entry);
    this.#bytes += bytes;
    return 'queued';
  }

  take(): Waiting | undefined {
    const entry = this.#entries.shift();
    if (entry === undefined) return undefined;
    const { alert, event } = entry;
    const key = groupOf(alert, event);
    if (this.#groups.get(key) === entry) this.#groups.delete(key);
    this.#bytes -= entry.bytes;
    const more = entry.more === 0 ? [] : [`… and ${entry.more} more`];
    return { alert, event: { ...event, message: [...entry.messages, ...more].join('\n') } };
  }

  #merge(entry: Entry, event: NotificationEvent): void {
    const isShown = entry.messages.includes(event.message);
    const added = Buffer.byteLength(event.message);
    if (!isShown && entry.messages.length < SHOWN && this.#bytes + added <= this.#limits.bytes) {
      entry.messages.push(event.message);
      entry.bytes += added;
      this.#bytes += added;
    } else if (!isShown) {
      entry.more += 1;
    }
    entry.event = event;
  }
}

/** What one message can tell: the same object, for the same Alert, in the same tone, for the same reason. */
function groupOf(alert: string, { involvedObject: { kind, namespace, name }, severity, reason }: NotificationEvent): string {
  return `${alert}\n${kind}\n${namespace}\n${name}\n${severity}\n${reason}`;
}

function sizeOf({ message, metadata }: NotificationEvent): number {
  let bytes = Buffer.byteLength(message);
  for (const [key, value] of Object.entries(metadata)) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  return bytes;
}
