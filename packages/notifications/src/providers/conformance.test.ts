import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorMessage } from '@sluice/core';
import { readTraceRequest } from '@sluice/core/testing';
import { dropReason, prepareNotification } from '../dispatch.js';
import { eventFields, readEvent } from '../event.js';
import { withoutForeignMetadata, withoutToken, type AlertMetadata } from '../metadata.js';
import type { HttpAnswer, HttpRequest, Outlet } from '../outlet.js';
import type { ProviderSpec } from '../settings.js';
import { recordedCases } from '../testing/conformance.js';

interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly rawBody?: string;
}

interface Case {
  readonly name: string;
  readonly event: unknown;
  readonly alertSpec: AlertMetadata;
  readonly providerSpec: ProviderSpec;
  readonly secretData?: Readonly<Record<string, string>>;
  readonly dispatchedEvent?: unknown;
  readonly requests: readonly RecordedRequest[];
  readonly serverReplies?: readonly { method: string; path: string; status: number; body: string }[];
  readonly error?: string;
  readonly dropped?: string;
  readonly nondeterministicOrder?: boolean;
}

const dropped: Readonly<Record<string, string>> = {
  suspended: 'suspended-or-commit-status-update-for-non-git-provider',
  'commit-status-update': 'suspended-or-commit-status-update-for-non-git-provider',
  'no-commit': 'commit-status-provider-without-commit-metadata',
  'no-change-request': 'change-request-provider-without-change-request-metadata',
};

/** What the server that recorded was told to be. */
const ALERT = { namespace: 'flux-system', name: 'alert', uid: 'aaaaaaaa-1111-2222-3333-444444444444' };
const PROVIDER_UID = '0c9c2e41-d2f9-4f9b-9c41-bebc1984d67a';

const cases = recordedCases<Case>('requests.json');
if (cases === undefined) test('recorded requests of providers', { skip: 'the conformance data is not there' }, () => {});
for (const recorded of cases ?? []) {
  void test(`provider ${recorded.name}`, async () => {
    const event = withoutToken(withoutForeignMetadata(readEvent(recorded.event)));
    const drop = dropReason(recorded.providerSpec, event);
    assert.equal(drop === undefined ? undefined : dropped[drop], recorded.dropped);
    if (drop !== undefined) return;
    const sent: RecordedRequest[] = [];
    let error: string | undefined;
    try {
      const alert = { object: object('Alert', ALERT), spec: recorded.alertSpec };
      const provider = {
        object: object('Provider', { namespace: 'flux-system', name: 'provider', uid: PROVIDER_UID }),
        spec: recorded.providerSpec,
      };
      const notification = prepareNotification(event, alert, provider, recorded.secretData);
      if (recorded.dispatchedEvent !== undefined) {
        assert.deepEqual(eventFields(notification.event), eventFields(readEvent(withoutAlertChanges(recorded))));
      }
      await notification.notify(notification.event, outlet(recorded, sent));
    } catch (thrown) {
      if (thrown instanceof assert.AssertionError) throw thrown;
      error = errorMessage(thrown);
    }
    assert.equal(error, recorded.error);
    assert.deepEqual(
      sent.map((request) => comparable(request, recorded)),
      recorded.requests.map((request) => comparable(request, recorded)),
    );
  });
}

function object(kind: string, metadata: { namespace: string; name: string; uid: string }) {
  return { apiVersion: 'notification.toolkit.fluxcd.io/v1beta3', kind, metadata };
}

/** Flux's alertmanager and opsgenie providers write into the event that was recorded after them. */
function withoutAlertChanges({ dispatchedEvent, providerSpec, alertSpec }: Case): unknown {
  const event = dispatchedEvent as { metadata?: Record<string, string> };
  if (!['alertmanager', 'opsgenie'].includes(providerSpec.type)) return event;
  const added = new Set(
    providerSpec.type === 'opsgenie'
      ? ['severity']
      : ['alertname', 'severity', 'reason', 'kind', 'name', 'namespace', 'reportingcontroller'],
  );
  const metadata = Object.entries(event.metadata ?? {}).filter(([key]) => !added.has(key));
  const summary = providerSpec.type === 'alertmanager' && alertSpec.summary !== undefined ? { summary: alertSpec.summary } : {};
  return { ...event, metadata: { ...Object.fromEntries(metadata), ...summary } };
}

function outlet({ serverReplies = [], providerSpec }: Case, sent: RecordedRequest[]): Outlet {
  return {
    alert: ALERT,
    now: () => new Date('2024-05-06T07:08:10Z'),
    randomBytes: (count) => new Uint8Array(count),
    send(request) {
      sent.push(recordOf(request, providerSpec.type));
      const { pathname } = new URL(request.url);
      const reply = serverReplies.find(({ method, path }) => method === request.method && decodeURIComponent(pathname).startsWith(path));
      return Promise.resolve(reply ?? usualAnswer(pathname));
    },
    publish(message) {
      sent.push({ method: 'PUBLISH', path: message.subject, headers: {}, rawBody: message.body });
      return Promise.resolve();
    },
    mail: () => Promise.reject(new Error('no mail was recorded')),
    googleToken: () => Promise.resolve('google'),
    azureToken: () => Promise.resolve('azure'),
    githubAppToken: () => Promise.resolve({ token: 'app', slug: 'app' }),
  };
}

/** What the recording server answered where the recording does not say. */
function usualAnswer(path: string): HttpAnswer {
  if (path.endsWith('/user')) return { status: 200, body: '{"login":"flux-bot","username":"flux-bot"}' };
  return { status: 200, body: '[]' };
}

function recordOf({ method, url, headers, body }: HttpRequest, type: string): RecordedRequest {
  const { pathname, search } = new URL(url);
  if (type === 'googlepubsub') {
    const { messages } = JSON.parse(String(body)) as { messages: [{ data: string }] };
    return { method: 'PUBLISH', path: '', headers: {}, rawBody: Buffer.from(messages[0].data, 'base64').toString() };
  }
  const decoded =
    type === 'otel' ? { body: readTraceRequest(body as Uint8Array) } : type === 'sentry' ? { body: envelope(String(body)) } : {};
  return {
    method,
    path: pathname,
    ...(search === '' ? {} : { query: search.slice(1) }),
    headers,
    ...(body === undefined ? {} : { rawBody: String(body) }),
    ...decoded,
  };
}

const envelope = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

/** A request in the form that is compared: headers by lower case, JSON in the order of bytes, what varies left out. */
function comparable(request: RecordedRequest, { providerSpec, nondeterministicOrder, requests, dispatchedEvent }: Case): unknown {
  // The order of several metadata is random in Go; which cases are marked is a matter of luck.
  const { metadata = {} } = (dispatchedEvent ?? {}) as { metadata?: object };
  const wanted = new Set(requests.flatMap(({ headers = {} }) => Object.keys(headers).map((name) => name.toLowerCase())));
  const headers = Object.entries(request.headers ?? {})
    .map(([name, value]) => [name.toLowerCase(), name.toLowerCase() === 'x-tfs-session' ? 'uuid' : value] as const)
    .filter(([name]) => wanted.has(name) && !(providerSpec.type === 'googlepubsub'));
  const content =
    providerSpec.type === 'otel'
      ? spans(request.body)
      : providerSpec.type === 'sentry'
        ? known(request.body)
        : nondeterministicOrder === true || Object.keys(metadata).length > 1
          ? unordered(parsed(request.rawBody))
          : request.rawBody;
  const { pathname, search } = new URL(`http://host${request.path}${request.query === undefined ? '' : `?${request.query}`}`);
  return { method: request.method, path: pathname + search, headers: Object.fromEntries(headers), content };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null') as unknown;
  } catch {
    return text;
  }
}

/** Lists and lines whose order is Go's random one. */
function unordered(value: unknown): unknown {
  if (typeof value === 'string')
    return value
      .split('\n')
      .toSorted((a, b) => (a < b ? -1 : 1))
      .join('\n');
  if (Array.isArray(value)) return value.map(unordered).toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unordered(item)]));
}

/** The same text for the same value, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

const enums: Readonly<Record<string, number>> = { SPAN_KIND_INTERNAL: 1, STATUS_CODE_OK: 1, STATUS_CODE_ERROR: 2 };

/** Spans without their random ids and the time of their end; enums by number. */
function spans(value: unknown): unknown {
  return unordered(
    JSON.parse(JSON.stringify(value), (key, item: unknown) =>
      key === 'spanId' || key === 'endTimeUnixNano' ? undefined : typeof item === 'string' && item in enums ? enums[item] : item,
    ),
  );
}

const recordedAsVarying = ['event_id', 'sent_at', 'sdk', 'length', 'release', 'server_name', 'modules', 'contexts', 'trace_id', 'span_id'];

function known(value: unknown): unknown {
  return unordered(JSON.parse(JSON.stringify(value), (key, item: unknown) => (recordedAsVarying.includes(key) ? undefined : item)));
}
