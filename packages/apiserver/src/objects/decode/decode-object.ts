import { isJsonObject, type KubeObject } from '@sluice/core';
import { applySchemaDefaults, pruneValue } from '@sluice/schema';
import { badRequest } from '../refusal.js';
import { builtinType, namedType } from '../types/builtin.js';
import { canonicalObject, canonicalValue } from '../types/canonical.js';
import type { ObjectType } from '../types/object-type.js';
import { decodeEmbedded } from './embedded.js';
import { DecodeFault, decodeValue, type Findings, kindOf } from './decode-value.js';
import { type ParsedBody, parseJsonBody, parseYamlBody } from './parse-body.js';

/** What happens to fields that a type does not have, and to keys that occur twice. They are left out in any case. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface DecodedObject {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
}

export interface BodyRequest {
  readonly type: ObjectType;
  readonly text: string;
  readonly format: 'json' | 'yaml';
  readonly validation: FieldValidation;
}

/**
 * The object in the body of a create or an update: of the right kind, canonical, without unknown fields; with the
 * defaults of its schema when it is a custom resource (those of built-in kinds are not this module's).
 *
 * @throws {Refusal} 400 in the words of the real server
 */
export function decodeObject({ type, text, format, validation }: BodyRequest): DecodedObject {
  const body = format === 'yaml' ? parseYamlBody(text) : parseJsonBody(text);
  const { value, duplicates } = readKind(type, text, body, format);
  const refuse = (message: string): never => {
    const { kind, version } = describedKind(type, value);
    throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${type.kind}: ${message}`);
  };
  return decodeChecked({ type, value, duplicates, validation, refuse });
}

/** What {@link decodeChecked} makes an object of. */
export interface ValueRequest {
  readonly type: ObjectType;
  readonly value: Record<string, unknown>;
  /** Keys that occurred twice in the text, as warnings. */
  readonly duplicates?: readonly string[];
  readonly validation: FieldValidation;
  /** `memory` for what an apply or a strategic merge made: it is refused in other words, and its nulls are not dropped. */
  readonly source?: 'json' | 'memory';
  /** Whether unknown fields are named in the order of their paths, as those of a patched text are. */
  readonly sorted?: boolean;
  /** Throws the refusal for what does not decode. */
  readonly refuse: (message: string) => never;
}

/** A value as an object of a type: checked, pruned, canonical. */
export function decodeChecked({
  type,
  value,
  duplicates = [],
  validation,
  source = 'json',
  sorted = false,
  refuse,
}: ValueRequest): DecodedObject {
  let decoded: { object: KubeObject; unknown: readonly string[] };
  try {
    decoded = type.custom ? decodeCustom(type, value, source) : decodeBuiltin(type, value, source);
  } catch (error) {
    if (error instanceof DecodeFault) return refuse(error.message);
    throw error;
  }
  const faults = [
    ...duplicates,
    ...(sorted ? [...decoded.unknown].sort() : decoded.unknown).map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
  if (faults.length > 0 && validation === 'Strict') return refuse(`strict decoding error: ${faults.join(', ')}`);
  return { object: decoded.object, warnings: validation === 'Ignore' ? [] : faults };
}

function decodeBuiltin(
  type: ObjectType,
  value: Record<string, unknown>,
  source: 'json' | 'memory',
): { object: KubeObject; unknown: readonly string[] } {
  const findings: Findings = { unknown: [] };
  const decoded = decodeValue(type.root, value, findings, source) as KubeObject;
  const named = { ...decoded, apiVersion: type.apiVersion, kind: type.kind };
  return { object: withReset(canonicalObject(type, named, { keepEmpty: true }), value), unknown: findings.unknown };
}

/** An empty list of managedFields is a request to forget them: the one empty list that is not the same as none. */
function withReset(object: KubeObject, value: Record<string, unknown>): KubeObject {
  const { metadata } = value;
  const managedFields = isJsonObject(metadata) ? metadata['managedFields'] : undefined;
  if (!Array.isArray(managedFields) || managedFields.length > 0) return object;
  return { ...object, metadata: { ...object.metadata, managedFields: [] } };
}

const objectMeta = (): ReturnType<typeof namedType> => namedType('meta.v1.ObjectMeta');

function decodeCustom(
  type: ObjectType,
  value: Record<string, unknown>,
  source: 'json' | 'memory',
): { object: KubeObject; unknown: readonly string[] } {
  const { schema } = type;
  const findings: Findings = { unknown: [] };
  const metadata = decodeMetadata(value['metadata'], findings);
  const unknownMetadata = findings.unknown.map((path) => `metadata.${path}`);
  // What the request does not say is not invented: an update without a kind has none to compare.
  const { apiVersion = type.apiVersion, kind = type.kind, metadata: _, ...rest } = value;
  const raw = { apiVersion, kind, metadata, ...rest };
  if (schema === undefined) return { object: raw as KubeObject, unknown: unknownMetadata };
  // Another version has another schema, which is not known here: the server refuses it, and says that it knew nothing of it.
  if (apiVersion !== type.apiVersion) return { object: raw as KubeObject, unknown: [...Object.keys(rest).sort(), ...unknownMetadata] };
  const pruned = pruneValue(schema, raw, { isResource: true });
  const embedded = decodeEmbedded(schema, pruned.value);
  return {
    object: applySchemaDefaults(schema, embedded.value, { keepNulls: source === 'memory' }) as KubeObject,
    unknown: [...pruned.unknown, ...unknownMetadata, ...embedded.unknown],
  };
}

/** Metadata of custom resources is a Go struct, as that of built-in kinds. */
export function decodeMetadata(value: unknown, findings: Findings): unknown {
  if (value === undefined || value === null) return {};
  const type = objectMeta();
  return canonicalValue(type, decodeValue(type, value, findings));
}

/** Checks that a body is an object of the right kind. */
function readKind(
  type: ObjectType,
  text: string,
  body: ParsedBody,
  format: BodyRequest['format'],
): { value: Record<string, unknown>; duplicates: readonly string[] } {
  const unrecognized = (fault: string): never => {
    const stage = format === 'yaml' && body.error !== undefined ? '' : "couldn't get version/kind; json parse error: ";
    throw badRequest(`the object provided is unrecognized (must be of type ${type.kind}): ${stage}${fault} (${summary(text)})`);
  };
  if (body.error !== undefined) return unrecognized(body.error);
  const value = body.value ?? {};
  if (!isJsonObject(value)) {
    const target = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    return unrecognized(`json: cannot unmarshal ${kindOf(value)} into Go value of type ${target}`);
  }
  for (const key of ['apiVersion', 'kind'] as const) {
    const given = value[key];
    if (given !== undefined && given !== null && typeof given !== 'string') {
      unrecognized(`json: cannot unmarshal ${kindOf(given)} into Go struct field .${key} of type string`);
    }
  }
  if (!type.custom) checkBuiltinKind(type, value);
  return { value, duplicates: body.duplicates };
}

function checkBuiltinKind(type: ObjectType, value: Record<string, unknown>): void {
  const fault = kindFault(type, value);
  if (fault === undefined) return;
  const { kind, version } = describedKind(type, value);
  throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${type.kind}: ${fault}`);
}

/** Why an object cannot be of a built-in kind, by what it calls itself. */
export function kindFault(type: ObjectType, value: Record<string, unknown>): string | undefined {
  const apiVersion = text(value['apiVersion']) || type.apiVersion;
  const kind = text(value['kind']) || type.kind;
  if (apiVersion === type.apiVersion && kind === type.kind) return undefined;
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  return builtinType(apiVersion, kind) === undefined
    ? `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:110"`
    : `converting (${version}.${kind}) to (${type.group === '' ? 'core' : (type.group.split('.')[0] ?? '')}.${type.kind}): unknown conversion`;
}

function describedKind(type: ObjectType, value: Record<string, unknown>): { kind: string; version: string } {
  const apiVersion = text(value['apiVersion']) || type.apiVersion;
  return { kind: text(value['kind']) || type.kind, version: apiVersion.slice(apiVersion.indexOf('/') + 1) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The start of a body as messages show it: an object as it is, anything else in hexadecimal. */
function summary(body: string): string {
  if (body === '') return '<empty>';
  const bytes = Buffer.from(body.slice(0, 31));
  const shown = body.startsWith('{') ? body.slice(0, 30) : bytes.subarray(0, 30).toString('hex');
  return bytes.length > 30 ? `${shown} ...` : shown;
}
