import type { NotificationEvent } from '@sluice/notifications';
import type { ResourceEvent } from '@sluice/runtime';

/** An event as it goes over the wire. */
export function notificationOf({ involvedObject: object, ...event }: ResourceEvent): NotificationEvent {
  const { kind, namespace, name, apiVersion, uid = '', resourceVersion = '' } = object;
  const { severity, timestamp, message, reason, metadata, reportingController } = event;
  return {
    involvedObject: { kind, namespace, name, uid, apiVersion, resourceVersion },
    severity,
    timestamp,
    message,
    reason,
    metadata,
    reportingController,
    reportingInstance: reportingController,
  };
}
