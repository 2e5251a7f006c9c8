import type { Counter, Gauge, MetricsRegistry } from '@sluice/runtime';

/** What happens to events: everything that is not told is counted somewhere here. */
export interface NotificationMetrics {
  /** By `outcome`: `dispatched`, `repeated`, `unmatched`, `refused`. */
  readonly events: Counter;
  /** By provider and `outcome`: `sent`, `failed`, `grouped`, `dropped`, `skipped`. */
  readonly notifications: Counter;
  /** By provider: what waits. */
  readonly waiting: Gauge;
}

export function createNotificationMetrics(registry: MetricsRegistry): NotificationMetrics {
  return {
    events: registry.counter('gotk_notification_events_total', 'Events that came, by what became of them.', ['outcome']),
    notifications: registry.counter('gotk_notifications_total', 'Notifications to providers, by what became of them.', [
      'namespace',
      'name',
      'outcome',
    ]),
    waiting: registry.gauge('gotk_notifications_waiting', 'Notifications that wait for a provider.', ['namespace', 'name']),
  };
}
