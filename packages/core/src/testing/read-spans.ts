/** A message of OTLP as JSON, by the fields that traces have: enough to compare two requests. */
export function readTraceRequest(bytes: Uint8Array): unknown {
  return read(bytes, messages.request);
}

interface Field {
  readonly name: string;
  readonly kind: 'text' | 'bytes' | 'number' | 'fixed' | Shape;
  readonly many?: boolean;
}

interface Shape {
  readonly [field: number]: Field;
}

const value: Shape = { 1: { name: 'stringValue', kind: 'text' } };
const attribute: Shape = { 1: { name: 'key', kind: 'text' }, 2: { name: 'value', kind: value } };
const status: Shape = { 2: { name: 'message', kind: 'text' }, 3: { name: 'code', kind: 'number' } };
const span: Shape = {
  1: { name: 'traceId', kind: 'bytes' },
  2: { name: 'spanId', kind: 'bytes' },
  4: { name: 'parentSpanId', kind: 'bytes' },
  5: { name: 'name', kind: 'text' },
  6: { name: 'kind', kind: 'number' },
  7: { name: 'startTimeUnixNano', kind: 'fixed' },
  8: { name: 'endTimeUnixNano', kind: 'fixed' },
  9: { name: 'attributes', kind: attribute, many: true },
  15: { name: 'status', kind: status },
  16: { name: 'flags', kind: 'number' },
};
const scope: Shape = { 1: { name: 'scope', kind: { 1: { name: 'name', kind: 'text' } } }, 2: { name: 'spans', kind: span, many: true } };
const resource: Shape = { 1: { name: 'attributes', kind: attribute, many: true } };
const resourceSpans: Shape = {
  1: { name: 'resource', kind: resource },
  2: { name: 'scopeSpans', kind: scope, many: true },
  3: { name: 'schemaUrl', kind: 'text' },
};
const messages = { request: { 1: { name: 'resourceSpans', kind: resourceSpans, many: true } } satisfies Shape };

function read(bytes: Uint8Array, shape: Shape): Record<string, unknown> {
  const buffer = Buffer.from(bytes);
  const result: Record<string, unknown> = {};
  let at = 0;
  const varint = (): number => {
    let number = 0;
    let factor = 1;
    for (;;) {
      const byte = buffer.readUInt8(at++);
      number += (byte & 0x7f) * factor;
      if (byte < 0x80) return number;
      factor *= 128;
    }
  };
  while (at < buffer.length) {
    const tag = varint();
    const field = shape[tag >> 3];
    if (field === undefined) throw new Error(`field ${tag >> 3} is not known`);
    let item: unknown;
    if ((tag & 7) === 0) item = varint();
    else if ((tag & 7) === 1) {
      item = buffer.readBigUInt64LE(at).toString();
      at += 8;
    } else if ((tag & 7) === 5) {
      item = buffer.readUInt32LE(at);
      at += 4;
    } else {
      const length = varint();
      const part = buffer.subarray(at, at + length);
      at += length;
      item =
        field.kind === 'text' ? part.toString('utf8') : typeof field.kind === 'object' ? read(part, field.kind) : part.toString('base64');
    }
    if (field.many === true) result[field.name] = [...((result[field.name] as unknown[] | undefined) ?? []), item];
    else result[field.name] = item;
  }
  return result;
}
