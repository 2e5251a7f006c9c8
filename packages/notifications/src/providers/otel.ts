import { createHash } from 'node:crypto';
import { basicAuthorization, requireUrl } from '../address.js';
import { metadataOf } from '../metadata.js';
import { isFailure, sortedMetadata, type NotificationEvent } from '../event.js';
import type { Notifier } from '../notifier.js';
import type { Outlet } from '../outlet.js';
import { postText } from '../post.js';
import type { ProviderSettings } from '../settings.js';
import { ProtobufWriter } from './protobuf.js';

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

const KIND_INTERNAL = 1;
const STATUS_OK = 1;
const STATUS_ERROR = 2;
/** Sampled; the parent is in another process. */
const FLAGS = 0x301;
const NANOSECONDS = 1_000_000n;

function traceRequest(event: NotificationEvent, outlet: Outlet): Uint8Array {
  const { alert } = outlet;
  const { kind, name, namespace, uid } = event.involvedObject;
  const traceId = createHash('sha256')
    .update(`${alert.uid}:${revisionOf(event)}`)
    .digest()
    .subarray(0, 16);
  const span = new ProtobufWriter()
    .bytes(1, traceId)
    .bytes(2, outlet.randomBytes(8))
    .text(5, `${kind}: ${namespace}/${name}`)
    .number(6, KIND_INTERNAL)
    .fixed64(7, BigInt(Date.parse(event.timestamp)) * NANOSECONDS)
    .fixed64(8, BigInt(outlet.now().getTime()) * NANOSECONDS);
  const attributes = [
    ['object.uid', uid],
    ['object.kind', kind],
    ['object.name', name],
    ['object.namespace', namespace],
    ...sortedMetadata(event),
  ] as const;
  for (const [key, value] of attributes) span.message(9, attribute(key, value));
  span.message(
    15,
    isFailure(event) ? new ProtobufWriter().text(2, event.message).number(3, STATUS_ERROR) : new ProtobufWriter().number(3, STATUS_OK),
  );
  span.fixed32(16, FLAGS);
  const resource = new ProtobufWriter()
    .message(1, attribute('service.instance.id', alert.uid))
    .message(1, attribute('service.name', `${alert.namespace}/${alert.name}`))
    .message(1, attribute('service.namespace', alert.namespace));
  const scope = new ProtobufWriter().message(1, new ProtobufWriter().text(1, 'flux:notification-controller')).message(2, span);
  const spans = new ProtobufWriter().message(1, resource).message(2, scope).text(3, 'https://opentelemetry.io/schemas/1.34.0');
  return new ProtobufWriter().message(1, spans).finish();
}

function attribute(key: string, value: string): ProtobufWriter {
  return new ProtobufWriter().text(1, key).message(2, new ProtobufWriter().text(1, value));
}

function revisionOf(event: NotificationEvent): string {
  const digest = metadataOf(event, 'oci-digest');
  const version = metadataOf(event, 'app-version');
  if (digest !== undefined && version !== undefined) return `${version}@${digest}`;
  return metadataOf(event, 'revision') ?? 'unknown';
}
