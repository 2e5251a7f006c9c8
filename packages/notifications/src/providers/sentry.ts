import { goJson, SluiceError } from '@sluice/core';
import { sortedMetadata, type NotificationEvent } from '../event.js';
import type { Notifier } from '../notifier.js';
import type { Outlet } from '../outlet.js';
import { postText } from '../post.js';
import type { ProviderSettings } from '../settings.js';

const CLIENT = { name: 'sluice', version: '0.1.0' };

/** Failures are errors, what went well is a transaction; the channel is the environment. */
export function sentry({ address, channel }: ProviderSettings): Notifier {
  if (address === '') throw new SluiceError('ProviderInvalid', 'DSN cannot be empty');
  const { url, key } = parseDsn(address);
  return async (event, outlet) => {
    const item =
      event.severity === 'error' ? failure(event, channel) : event.severity === 'info' ? transaction(event, channel, outlet) : undefined;
    if (item === undefined) return;
    const id = hex(outlet, 16);
    const payload = goJson({ event_id: id, ...item.payload });
    const lines = [
      goJson({ event_id: id, sent_at: outlet.now().toISOString(), dsn: address, sdk: CLIENT }),
      goJson({ type: item.type, length: Buffer.byteLength(payload) }),
      payload,
    ];
    await postText(outlet, {
      method: 'POST',
      url,
      headers: {
        'Content-Type': 'application/x-sentry-envelope',
        'X-Sentry-Auth': `Sentry sentry_version=7, sentry_client=${CLIENT.name}/${CLIENT.version}, sentry_key=${key}`,
      },
      body: `${lines.join('\n')}\n`,
    });
  };
}

/** `https://key@host/path/project` */
function parseDsn(dsn: string): { readonly url: string; readonly key: string } {
  const url = URL.canParse(dsn) ? new URL(dsn) : undefined;
  const match = url === undefined ? null : /^(.*)\/(\d+)$/u.exec(url.pathname);
  if (url === undefined || match === null || url.username === '') {
    throw new SluiceError('ProviderInvalid', 'the DSN is not like https://KEY@HOST/PROJECT');
  }
  return { url: `${url.origin}${match[1] ?? ''}/api/${match[2] ?? ''}/envelope/`, key: url.username };
}

interface Item {
  readonly type: string;
  readonly payload: object;
}

function failure(event: NotificationEvent, environment: string): Item {
  return {
    type: 'event',
    payload: {
      contexts: { metadata: Object.fromEntries(sortedMetadata(event)) },
      ...common(event, environment, 'error'),
    },
  };
}

function transaction(event: NotificationEvent, environment: string, outlet: Outlet): Item {
  const { kind, name, namespace } = event.involvedObject;
  const trace = { trace_id: hex(outlet, 16), span_id: hex(outlet, 8), op: 'event' };
  const tags = Object.fromEntries(
    [
      ['flux_involved_object_kind', kind],
      ['flux_involved_object_namespace', namespace],
      ['flux_involved_object_name', name],
      ['flux_reporting_controller', event.reportingController],
      ['flux_reporting_instance', event.reportingInstance],
      ['flux_reason', event.reason],
      ...sortedMetadata(event),
    ].toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  ) as Record<string, string>;
  const times = { start_timestamp: event.timestamp, timestamp: event.timestamp };
  return {
    type: 'transaction',
    payload: {
      type: 'transaction',
      contexts: { trace },
      ...common(event, environment, 'info'),
      start_timestamp: event.timestamp,
      tags,
      spans: [{ ...trace, ...times, origin: 'manual', tags }],
    },
  };
}

function common(event: NotificationEvent, environment: string, level: string): object {
  const { kind, name, namespace } = event.involvedObject;
  return {
    ...(environment === '' ? {} : { environment }),
    level,
    message: event.message,
    platform: 'go',
    sdk: CLIENT,
    server_name: event.reportingController,
    timestamp: event.timestamp,
    transaction: `${kind}: ${namespace}/${name}`,
  };
}

const hex = (outlet: Outlet, bytes: number): string => Buffer.from(outlet.randomBytes(bytes)).toString('hex');
