import { createHash } from 'node:crypto';
import { printSpans } from '@sluice/core';
import { basicAuthorization, requireUrl } from '../address.js';
import { metadataOf } from '../metadata.js';
import { isFailure, sortedMetadata, type NotificationEvent } from '../event.js';
import type { Notifier } from '../notifier.js';
import type { Outlet } from '../outlet.js';
import { postText } from '../post.js';
import type { ProviderSettings } from '../settings.js';

/**
 * A span per event, over OTLP. All that one revision brings about has one trace: its id is made of the Alert and the
 * revision.
 */
export function openTelemetry(settings: ProviderSettings): Notifier {
  const { address, username } = settings;
  const token = settings.token === '' ? settings.password : settings.token;
  requireUrl(address, 'OpenTelemetry endpoint URL');
  // As Flux does: credentials go out only with headers of the Secret.
  const hasHeaders = Object.keys(settings.headers).length > 0;
  const login = !hasHeaders ? '' : username === '' ? `Bearer ${token}` : token === '' ? '' : basicAuthorization(username, token);
  const headers = { ...(login === '' ? {} : { Authorization: login }), ...settings.headers };
  return async (event, outlet) => {
    // A HelmRepository is no part of what a revision brings about: its charts are.
    if (event.involvedObject.kind === 'HelmRepository') return;
    await postText(outlet, {
      method: 'POST',
      url: address,
      headers: { ...headers, 'Content-Type': 'application/x-protobuf' },
      body: traceRequest(event, outlet),
    });
  };
}

function traceRequest(event: NotificationEvent, outlet: Outlet): Uint8Array {
  const { alert } = outlet;
  const { kind, name, namespace, uid } = event.involvedObject;
  const origin = {
    resource: [
      ['service.instance.id', alert.uid],
      ['service.name', `${alert.namespace}/${alert.name}`],
      ['service.namespace', alert.namespace],
    ],
    scope: 'flux:notification-controller',
  } as const;
  const span = {
    traceId: createHash('sha256')
      .update(`${alert.uid}:${revisionOf(event)}`)
      .digest()
      .subarray(0, 16),
    spanId: outlet.randomBytes(8),
    name: `${kind}: ${namespace}/${name}`,
    start: Date.parse(event.timestamp),
    end: outlet.now().getTime(),
    attributes: [
      ['object.uid', uid],
      ['object.kind', kind],
      ['object.name', name],
      ['object.namespace', namespace],
      ...sortedMetadata(event),
    ] as const,
    ...(isFailure(event) ? { failure: event.message } : {}),
    isRemote: true,
  };
  return printSpans(origin, [span]);
}

function revisionOf(event: NotificationEvent): string {
  const digest = metadataOf(event, 'oci-digest');
  const version = metadataOf(event, 'app-version');
  if (digest !== undefined && version !== undefined) return `${version}@${digest}`;
  return metadataOf(event, 'revision') ?? 'unknown';
}
