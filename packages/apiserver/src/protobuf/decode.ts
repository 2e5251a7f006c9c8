import { isJsonObject, setOwn } from '@sluice/core';
import type { Resource } from '../registry/resource.js';
import { badRequest } from '../server/status.js';
import { messageFields, type MessageField } from './messages.js';
import { readFields, readPacked, WireFault, type WireValue } from './wire.js';

const PREFIX = Buffer.from('k8s\0');
const MAX_DEPTH = 100;
const SHOWN_BYTES = 1000;

/**
 * The object in a protobuf body, as the JSON that says the same. kubectl sends some requests in no other form. Answers
 * are JSON: every client that writes protobuf reads that, too.
 */
export function decodeProtobuf(body: Buffer, { kind }: Pick<Resource, 'kind'>): object {
  try {
    return decodeEnvelope(body);
  } catch (error) {
    if (!(error instanceof WireFault)) throw error;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): ${error.message} (${body.subarray(0, SHOWN_BYTES).toString('hex')})`,
    );
  }
}

function decodeEnvelope(body: Buffer): object {
  if (!body.subarray(0, PREFIX.length).equals(PREFIX)) {
    throw new WireFault('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  if (body.length === PREFIX.length) throw new WireFault('empty body');
  const envelope = decodeMessage('runtime.Unknown', body.subarray(PREFIX.length), 0) as {
    typeMeta?: { apiVersion?: string; kind?: string };
    raw?: string;
  };
  const { apiVersion = '', kind = '' } = envelope.typeMeta ?? {};
  const message = messageName(apiVersion, kind);
  if (messageFields(message) === undefined) throw new WireFault(`no message for ${apiVersion}, Kind=${kind}`);
  const object = decodeMessage(message, Buffer.from(envelope.raw ?? '', 'base64'), 0) as object;
  return { ...object, apiVersion, kind };
}

/** `apps/v1` Deployment → `apps.v1.Deployment`; groups are named by their first part. */
function messageName(apiVersion: string, kind: string): string {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  if (kind === 'DeleteOptions') return 'meta.v1.DeleteOptions';
  return `${group!.split('.')[0]}.${version}.${kind}`;
}

/** Messages whose JSON is not an object of their fields. */
const special: Readonly<Record<string, (fields: Record<string, unknown>) => unknown>> = {
  'meta.v1.Time': ({ seconds }) => (seconds === undefined ? null : `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`),
  'meta.v1.MicroTime': ({ seconds, nanos }) =>
    seconds === undefined
      ? null
      : `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${String(Math.floor(Number(nanos ?? 0) / 1000)).padStart(6, '0')}Z`,
  'meta.v1.Duration': ({ duration }) => `${Number(duration ?? 0) / 1e9}s`,
  'api.resource.Quantity': ({ string }) => string ?? '0',
  'util.intstr.IntOrString': ({ type, intVal, strVal }) => (type === 1 ? (strVal ?? '') : (intVal ?? 0)),
  'runtime.RawExtension': ({ raw }) => embeddedJson(raw),
  'meta.v1.FieldsV1': ({ Raw }) => embeddedJson(Raw),
  'apiextensions.v1.JSON': ({ raw }) => embeddedJson(raw),
};

function embeddedJson(base64: unknown): unknown {
  if (typeof base64 !== 'string' || base64 === '') return null;
  try {
    return JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as unknown;
  } catch {
    throw new WireFault('embedded JSON does not parse');
  }
}

/** Go structs that are embedded without a name: their fields are those of the struct around them. */
const inlined = new Set([
  'core.v1.ConfigMapEnvSource localObjectReference',
  'core.v1.ConfigMapKeySelector localObjectReference',
  'core.v1.ConfigMapProjection localObjectReference',
  'core.v1.EphemeralContainer ephemeralContainerCommon',
  'core.v1.LifecycleHandler handler',
  'core.v1.PersistentVolumeSpec persistentVolumeSource',
  'core.v1.Probe handler',
  'core.v1.SecretEnvSource localObjectReference',
  'core.v1.SecretKeySelector localObjectReference',
  'core.v1.SecretProjection localObjectReference',
  'core.v1.Volume volumeSource',
]);

function decodeMessage(name: string, bytes: Buffer, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new WireFault('message is nested too deeply');
  const fields = messageFields(name);
  if (fields === undefined) throw new WireFault(`unknown message ${name}`);
  const result: Record<string, unknown> = {};
  for (const [number, value] of readFields(bytes)) {
    const field = fields.get(number);
    if (field !== undefined) addField(result, name, field, value, depth);
  }
  const convert = Object.hasOwn(special, name) ? special[name] : undefined;
  if (convert !== undefined) return convert(result);
  // A named list type is a message around its items.
  return name.endsWith('.ExtraValue') || name === 'meta.v1.Verbs' ? (result['items'] ?? []) : result;
}

function addField(result: Record<string, unknown>, message: string, field: MessageField, value: WireValue, depth: number): void {
  const { name, shape, type } = field;
  if (shape === 'list') {
    const list = (result[name] ??= []) as unknown[];
    if (value.kind === 'bytes' && isVarint(type))
      for (const item of readPacked(value.value)) list.push(scalar(type, { kind: 'varint', value: item }));
    else list.push(decodeValue(type, value, depth));
    return;
  }
  if (shape === 'map') {
    const map = (result[name] ??= {}) as Record<string, unknown>;
    if (value.kind !== 'bytes') throw new WireFault(`wrong wireType for field ${name}`);
    let key = '';
    let entry: unknown;
    for (const [number, part] of readFields(value.value)) {
      if (number === 1) key = String(decodeValue('string', part, depth));
      else if (number === 2) entry = decodeValue(type, part, depth);
    }
    setOwn(map, key, entry ?? emptyOf(type, depth));
    return;
  }
  const decoded = decodeValue(type, value, depth);
  if (inlined.has(`${message} ${name}`) && isJsonObject(decoded)) Object.assign(result, decoded);
  else result[name] = decoded;
}

/** What a map's entry without a value holds. */
function emptyOf(type: string, depth: number): unknown {
  if (type === 'string' || type === 'bytes') return '';
  return messageFields(type) === undefined ? 0 : decodeMessage(type, Buffer.alloc(0), depth);
}

function decodeValue(type: string, value: WireValue, depth: number): unknown {
  if (messageFields(type) === undefined) return scalar(type, value);
  if (value.kind !== 'bytes') throw new WireFault(`wrong wireType for ${type}`);
  return decodeMessage(type, value.value, depth + 1);
}

function isVarint(type: string): boolean {
  return type === 'int32' || type === 'int64' || type === 'bool';
}

function scalar(type: string, value: WireValue): unknown {
  if (isVarint(type) && value.kind === 'varint') {
    if (type === 'bool') return value.value !== 0n;
    return Number(type === 'int32' ? BigInt.asIntN(32, value.value) : value.value);
  }
  if (type === 'string' && value.kind === 'bytes') return value.value.toString('utf8');
  if (type === 'bytes' && value.kind === 'bytes') return value.value.toString('base64');
  if (type === 'double' && value.kind === 'fixed64') return value.value.readDoubleLE();
  throw new WireFault(`wrong wireType for ${type}`);
}
