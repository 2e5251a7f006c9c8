import { randomBytes } from 'node:crypto';
import { deadlineSignal, errorMessage, printSpans, SluiceError, type Attributes, type Span } from '@sluice/core';
import { failureReason, type Clock, type FinishedPass, type Logger, type MetricsRegistry } from '@sluice/runtime';
import { createHttpTransport } from '@sluice/sources';

/** Where spans go. */
export interface TracingSettings {
  /** The address for traces of an OTLP endpoint over HTTP. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the process: `service.name` and others. */
  readonly resource: Attributes;
}

/**
 * What OpenTelemetry's variables say: `OTEL_EXPORTER_OTLP_ENDPOINT` or `…_TRACES_ENDPOINT`, `…_HEADERS`, `OTEL_SERVICE_NAME`,
 * `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SDK_DISABLED`. Undefined when no endpoint is given.
 */
export function tracingFromEnvironment(env: Readonly<Record<string, string | undefined>>): TracingSettings | undefined {
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? '';
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  if ((own === '' && base === '') || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? '';
  if (protocol !== '' && protocol !== 'http/protobuf') {
    throw invalid(
      `OTEL_EXPORTER_OTLP_PROTOCOL is ${JSON.stringify(protocol)}: only http/protobuf is spoken (most collectors take it at port 4318)`,
    );
  }
  const address = own === '' ? `${base.replace(/\/+$/, '')}/v1/traces` : own;
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) {
    throw invalid(`OTEL_EXPORTER_OTLP_ENDPOINT is no http(s) address: ${JSON.stringify(own === '' ? base : own)}`);
  }
  const resource = pairs(env['OTEL_RESOURCE_ATTRIBUTES']);
  const name = env['OTEL_SERVICE_NAME'] ?? resource.find(([key]) => key === 'service.name')?.[1] ?? 'sluice';
  return {
    url: new URL(address),
    headers: Object.fromEntries(pairs(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS'] ?? env['OTEL_EXPORTER_OTLP_HEADERS'])),
    resource: [['service.name', name], ...resource.filter(([key]) => key !== 'service.name')],
  };
}

const invalid = (message: string): SluiceError => new SluiceError('TracingInvalid', message);

function decoded(part: string): string {
  try {
    return decodeURIComponent(part.trim());
  } catch {
    return part.trim();
  }
}

/** `key1=value1,key2=value2`, with what is special in them as in addresses. */
function pairs(text = ''): (readonly [key: string, value: string])[] {
  return text.split(',').flatMap((part) => {
    const equals = part.indexOf('=');
    return equals <= 0 ? [] : [[decoded(part.slice(0, equals)), decoded(part.slice(equals + 1))] as const];
  });
}

export interface Tracer {
  /** Never waits, nor throws. */
  record(pass: FinishedPass): void;
  /** Sends what is left, as far as that is possible within `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

const SEND_EVERY_MS = 5_000;
const AT_ONCE = 512;
/** Beyond so many that wait, new ones are dropped, and counted. */
const MAX_WAITING = 2_048;
const SEND_WITHIN_MS = 10_000;

/**
 * A trace for each pass of a reconciler, whose id is that of the pass: `reconcileID` in the logs, and an annotation of the
 * events. An endpoint that is away costs the spans, and nothing else.
 */
export function createTracer(settings: TracingSettings, clock: Clock, log: Logger, metrics: MetricsRegistry): Tracer {
  const { url, headers, resource } = settings;
  const outcomes = metrics.counter('gotk_trace_spans_total', 'Spans of passes, by what became of them.', ['outcome']);
  // The endpoint is the operator's own choice: an agent of the machine may well have a link-local address.
  const transport = createHttpTransport(url, { allowLinkLocal: true });
  let waiting: Span[] = [];
  let sending: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  let isFailing = false;
  const ending = new AbortController();

  async function send(): Promise<void> {
    while (waiting.length > 0) {
      const spans = waiting.slice(0, AT_ONCE);
      waiting = waiting.slice(AT_ONCE);
      const outcome = ending.signal.aborted ? 'dropped' : await sendOnce(spans);
      outcomes.increment({ outcome }, spans.length);
    }
  }

  async function sendOnce(spans: readonly Span[]): Promise<'sent' | 'failed'> {
    try {
      const answer = await transport.send({
        url,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/x-protobuf' },
        body: printSpans({ resource, scope: 'sluice' }, spans),
        signal: deadlineSignal(SEND_WITHIN_MS, ending.signal),
      });
      answer.body.destroy();
      if (answer.status >= 300) throw new Error(`it answered ${answer.status}`);
      isFailing = false;
      return 'sent';
    } catch (error) {
      // Once, not for each batch.
      if (!isFailing) log.error('traces could not be sent', errorMessage(error), { endpoint: url.origin });
      isFailing = true;
      return 'failed';
    }
  }

  function start(): Promise<void> {
    cancel?.();
    cancel = undefined;
    sending ??= send().finally(() => (sending = undefined));
    return sending;
  }

  return {
    record(pass) {
      const spans = spansOf(pass);
      if (waiting.length + spans.length > MAX_WAITING) {
        outcomes.increment({ outcome: 'dropped' }, spans.length);
        return;
      }
      waiting.push(...spans);
      if (waiting.length >= AT_ONCE) void start();
      else cancel ??= clock.after(SEND_EVERY_MS, () => void start());
    },
    async stop(graceMs) {
      const cancelEnd = clock.after(graceMs, () => ending.abort(new Error('the engine stops')));
      await start();
      cancelEnd();
      await transport.close();
    },
  };
}

/** The pass, and its stages as parts of it. */
function spansOf(pass: FinishedPass): Span[] {
  const whole = spanOf(pass);
  const stages = pass.stages.map(({ name, startedAt, endedAt, failure }): Span => ({
    traceId: whole.traceId,
    spanId: randomBytes(8),
    parentSpanId: whole.spanId,
    name,
    start: startedAt,
    end: endedAt,
    attributes: [['reconcileID', pass.id]],
    ...failureOf(failure),
  }));
  return [whole, ...stages];
}

const failureOf = (failure: unknown): Pick<Span, 'failure'> => (failure === undefined ? {} : { failure: errorMessage(failure) });

/** The id of a pass is a UUID, which has as many bytes as the id of a trace. */
function spanOf({ id, controller, object, causes, startedAt, endedAt, failure }: FinishedPass): Span {
  const { kind, metadata } = object;
  const { name = '', namespace = '', uid = '' } = metadata;
  const reason = failureReason(failure);
  return {
    traceId: Buffer.from(id.replaceAll('-', ''), 'hex'),
    spanId: randomBytes(8),
    name: `${kind}: ${namespace}/${name}`,
    start: startedAt,
    end: endedAt,
    attributes: [
      ['object.uid', uid],
      ['object.kind', kind],
      ['object.name', name],
      ['object.namespace', namespace],
      ['controller', controller],
      ['reconcileID', id],
      ['causes', [...new Set(causes.map((cause) => cause.reason))].join(',')],
      ...(reason === undefined ? [] : [['error.type', reason] as const]),
    ],
    ...failureOf(failure),
  };
}
