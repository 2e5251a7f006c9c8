import { ProtobufWriter } from './protobuf.js';

export type Attributes = readonly (readonly [key: string, value: string])[];

/** Something that took a while, as OpenTelemetry has it. */
export interface Span {
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes. */
  readonly spanId: Uint8Array;
  /** Of the span that this one is a part of. */
  readonly parentSpanId?: Uint8Array;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Attributes;
  /** Why it failed, if it did. */
  readonly failure?: string;
  /** What it belongs to is in another process. */
  readonly isRemote?: boolean;
}

/** Who has the spans. */
export interface SpanOrigin {
  readonly resource: Attributes;
  readonly scope: string;
}

const KIND_INTERNAL = 1;
const STATUS_OK = 1;
const STATUS_ERROR = 2;
const SAMPLED = 0x001;
/** That it is known whether the parent is remote, and that it is. */
const REMOTE_PARENT = 0x300;
const NANOSECONDS = 1_000_000n;

/** Spans as the body of a request to an OTLP endpoint, `application/x-protobuf`. */
export function printSpans({ resource, scope }: SpanOrigin, spans: readonly Span[]): Uint8Array {
  const about = new ProtobufWriter();
  for (const [key, value] of resource) about.message(1, attribute(key, value));
  const scoped = new ProtobufWriter().message(1, new ProtobufWriter().text(1, scope));
  for (const span of spans) scoped.message(2, printSpan(span));
  const all = new ProtobufWriter().message(1, about).message(2, scoped).text(3, 'https://opentelemetry.io/schemas/1.34.0');
  return new ProtobufWriter().message(1, all).finish();
}

function printSpan({ traceId, spanId, parentSpanId, name, start, end, attributes, failure, isRemote }: Span): ProtobufWriter {
  const span = new ProtobufWriter().bytes(1, traceId).bytes(2, spanId);
  if (parentSpanId !== undefined) span.bytes(4, parentSpanId);
  span.text(5, name).number(6, KIND_INTERNAL).fixed64(7, nanoseconds(start)).fixed64(8, nanoseconds(end));
  for (const [key, value] of attributes) span.message(9, attribute(key, value));
  const status =
    failure === undefined ? new ProtobufWriter().number(3, STATUS_OK) : new ProtobufWriter().text(2, failure).number(3, STATUS_ERROR);
  return span.message(15, status).fixed32(16, isRemote === true ? SAMPLED | REMOTE_PARENT : SAMPLED);
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds)) * NANOSECONDS;
}

function attribute(key: string, value: string): ProtobufWriter {
  return new ProtobufWriter().text(1, key).message(2, new ProtobufWriter().text(1, value));
}
