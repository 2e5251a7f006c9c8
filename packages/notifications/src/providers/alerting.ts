import { createHash } from 'node:crypto';
import { goJson, SluiceError } from '@sluice/core';
import { basicAuthorization, requireUrl } from '../address.js';
import { metadataFields, nameAndDescription, objectTitle } from '../describe.js';
import { isFailure, isProgress, sortedMetadata, type NotificationEvent } from '../event.js';
import type { Notifier } from '../notifier.js';
import { postJson, postText } from '../post.js';
import type { ProviderSettings } from '../settings.js';

const seconds = (event: NotificationEvent): number => Math.floor(Date.parse(event.timestamp) / 1000);

/** Keys in the order that Go prints a map in. */
const sorted = (entries: readonly (readonly [string, string])[]): Record<string, string> =>
  Object.fromEntries([...new Map(entries)].toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** An alert that is firing; its labels are the metadata and what tells events apart. */
export function alertmanager({ address, token, username, password }: ProviderSettings): Notifier {
  requireUrl(address, 'Alertmanager URL');
  const authorization = username !== '' && password !== '' ? basicAuthorization(username, password) : token === '' ? '' : `Bearer ${token}`;
  return (event, outlet) => {
    const { kind, name, namespace } = event.involvedObject;
    const metadata = sortedMetadata(event);
    const summary = metadata.find(([key]) => key === 'summary')?.[1];
    return postJson(outlet, {
      url: address,
      headers: authorization === '' ? {} : { Authorization: authorization },
      body: [
        {
          status: 'firing',
          labels: sorted([
            ...metadata.filter(([key]) => key !== 'summary'),
            ['alertname', `Flux${kind}${titleCase(event.reason)}`],
            ['severity', event.severity],
            ['reason', event.reason],
            ['kind', kind],
            ['name', name],
            ['namespace', namespace],
            ['reportingcontroller', event.reportingController],
          ]),
          annotations: { message: event.message, ...(summary === undefined ? {} : { summary }) },
          startsAt: event.timestamp,
          // No time yet: Alertmanager ends it by its own timeout.
          endsAt: '0001-01-01T00:00:00Z',
        },
      ],
    });
  };
}

/** Each word with its first letter large and the others small. */
function titleCase(text: string): string {
  return [...new Intl.Segmenter('und', { granularity: 'word' }).segment(text)]
    .map(({ segment }) => segment.charAt(0).toUpperCase() + segment.slice(1).toLowerCase())
    .join('');
}

export function opsgenie({ address, token, providerUid }: ProviderSettings): Notifier {
  requireUrl(address, 'Opsgenie hook URL');
  if (token === '') throw new SluiceError('ProviderInvalid', 'empty Opsgenie apikey/token');
  return (event, outlet) => {
    const { kind, name, namespace } = event.involvedObject;
    const key = [providerUid, kind, namespace, name, event.reason].join('/');
    return postJson(outlet, {
      url: address,
      headers: { Authorization: `GenieKey ${token}` },
      body: {
        message: `${kind}/${name}`,
        // Alerts of one alias are one alert.
        alias: createHash('sha256').update(key).digest('hex'),
        description: event.message,
        details: sorted([...sortedMetadata(event), ['severity', event.severity]]),
      },
    });
  };
}

/** A failure triggers an incident; what went well resolves it, and is a change. */
export function pagerDuty({ address, channel }: ProviderSettings): Notifier {
  const { origin } = requireUrl(address, 'PagerDuty endpoint URL');
  return async (event, outlet) => {
    if (isProgress(event)) return;
    const { kind, name, uid } = event.involvedObject;
    const { name: title, description } = nameAndDescription(event);
    const summary = `${description}: ${title}`;
    const source = `Flux ${event.reportingController}`;
    const details = { message: event.message, metadata: Object.fromEntries(sortedMetadata(event)) };
    const incident = {
      summary,
      source,
      severity: 'error',
      timestamp: event.timestamp,
      component: name,
      group: kind,
      custom_details: details,
    };
    await postJson(outlet, {
      url: `${origin}/v2/enqueue`,
      body: {
        routing_key: channel,
        event_action: isFailure(event) ? 'trigger' : 'resolve',
        dedup_key: uid,
        ...(isFailure(event) ? { payload: incident } : {}),
      },
    });
    if (event.severity !== 'info') return;
    await postJson(outlet, {
      url: `${origin}/v2/change/enqueue`,
      body: { routing_key: channel, payload: { summary, source, timestamp: event.timestamp, custom_details: details } },
    });
  };
}

export function incidentIo({ address, token }: ProviderSettings): Notifier {
  requireUrl(address, 'incident.io alert source URL');
  if (token === '') throw new SluiceError('ProviderInvalid', 'empty incident.io API token');
  return async (event, outlet) => {
    if (isProgress(event)) return;
    const { uid } = event.involvedObject;
    await postJson(outlet, {
      url: address,
      headers: { Authorization: `Bearer ${token}` },
      body: {
        title: `${objectTitle(event)}: ${event.reason}`,
        status: isFailure(event) ? 'firing' : 'resolved',
        deduplication_key: uid,
        ...(event.message === '' ? {} : { description: event.message }),
        metadata: sorted([
          ...sortedMetadata(event),
          ['severity', event.severity],
          ['reason', event.reason],
          ...(event.reportingController === '' ? [] : [['reportingController', event.reportingController] as const]),
        ]),
      },
    });
  };
}

export function datadog({ address, token }: ProviderSettings): Notifier {
  if (token === '') throw new SluiceError('ProviderInvalid', 'token cannot be empty');
  const { origin } = requireUrl(address, 'Datadog address');
  return (event, outlet) => {
    const { kind, name, namespace } = event.involvedObject;
    const tags = [
      `flux_reporting_controller:${event.reportingController}`,
      `flux_reason:${event.reason}`,
      `kube_kind:${kind}`,
      `kube_name:${name}`,
      `kube_namespace:${namespace}`,
      ...metadataFields(event, (key, value) => `${key}:${value}`),
    ];
    const body = {
      alert_type: isFailure(event) ? 'error' : 'info',
      date_happened: seconds(event),
      source_type_name: 'fluxcd',
      tags: tags.map((tag) => tag.toLowerCase()),
      text: event.message,
      title: `Events from the ${kind} ${name}/${namespace}`,
    };
    return postText(outlet, {
      method: 'POST',
      url: `${origin}/api/v1/events`,
      headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'DD-API-KEY': token },
      body: `${goJson(body)}\n`,
    });
  };
}

/** A colon would end the name of a tag. */
const withoutColons = (text: string): string => text.replaceAll(':', '|');

/** An annotation for dashboards. */
export function grafana({ address, token, username, password }: ProviderSettings): Notifier {
  requireUrl(address, 'Grafana URL');
  const authorization = token !== '' ? `Bearer ${token}` : username !== '' && password !== '' ? basicAuthorization(username, password) : '';
  return (event, outlet) => {
    const { kind, name, namespace } = event.involvedObject;
    return postJson(outlet, {
      url: address,
      headers: authorization === '' ? {} : { Authorization: authorization },
      body: {
        when: seconds(event),
        text: objectTitle(event),
        tags: [
          'flux',
          event.reportingController,
          ...metadataFields(event, (key, value) => `${withoutColons(key)}: ${withoutColons(value)}`),
          `kind: ${kind}`,
          `name: ${name}`,
          `namespace: ${namespace}`,
        ],
      },
    });
  };
}
