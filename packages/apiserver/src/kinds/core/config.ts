import { deepEqual, setOwn } from '@sluice/core';
import { forbidden, invalid, required, tooLong, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, mapOf, pipe, textOf, withField, zeroDefaults, type Edit, type Fields } from '../common/index.js';
import { immutable, metaOf } from '../common/meta.js';
import { check, configKey } from '../common/names.js';
import type { KindRules } from '../context.js';
import { keyPairFault } from './key-pair.js';

const SIZE_LIMIT = 1024 * 1024;

export const configMap: KindRules = {
  namespaced: true,
  validate: (object, faults) => {
    const data = mapOf(object['data']);
    const binary = mapOf(object['binaryData']);
    let size = 0;
    for (const key of Object.keys(data)) {
      check(faults, `data[${key}]`, key, configKey);
      if (Object.hasOwn(binary, key)) faults.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
      size += Buffer.byteLength(textOf(data[key]));
    }
    for (const key of Object.keys(binary)) {
      check(faults, `binaryData[${key}]`, key, configKey);
      size += decodedLength(textOf(binary[key]));
    }
    if (size > SIZE_LIMIT) faults.push(tooLong('', SIZE_LIMIT));
  },
  validateUpdate: (next, live, faults) => validateSealed(next, live, ['data', 'binaryData'], faults),
  revalidate: true,
};

/** What is written as text is stored like the rest, in base64. */
const stringData: Edit = (secret) => {
  const texts = mapOf(secret['stringData']);
  const keys = Object.keys(texts);
  if (!Object.hasOwn(secret, 'stringData')) return secret;
  const { stringData: _stringData, ...rest } = secret;
  if (keys.length === 0) return rest;
  const data: Record<string, unknown> = { ...fieldsOf(secret['data']) };
  for (const key of keys) setOwn(data, key, Buffer.from(textOf(texts[key])).toString('base64'));
  return { ...rest, data };
};

/** What the data of each type of Secret has to have: all of one of these groups. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const SERVICE_ACCOUNT_NAME = 'kubernetes.io/service-account.name';

export const secret: KindRules = {
  namespaced: true,
  defaults: pipe(stringData, zeroDefaults({ type: 'Opaque' })),
  update: (next, live) => (textOf(next['type']) === '' ? withField(next, 'type', live['type']) : next),
  validate: validateSecret,
  validateUpdate: (next, live, faults) => {
    immutable(next['type'], live['type'], faults, 'type');
    validateSealed(next, live, ['data'], faults);
  },
  warnings: (object) => {
    const data = mapOf(object['data']);
    if (object['type'] !== 'kubernetes.io/tls') return [];
    const fault = keyPairFault(decoded(data['tls.crt']), decoded(data['tls.key']));
    return fault === undefined ? [] : [fault];
  },
  revalidate: true,
};

function validateSecret(object: Fields, faults: FieldError[]): void {
  const data = mapOf(object['data']);
  let size = 0;
  for (const key of Object.keys(data)) {
    check(faults, `data[${key}]`, key, configKey);
    size += decodedLength(textOf(data[key]));
  }
  if (size > SIZE_LIMIT) faults.push(tooLong('data', SIZE_LIMIT));
  const type = textOf(object['type']);
  if (type === 'kubernetes.io/service-account-token') {
    const name = textOf(mapOf(metaOf(object)['annotations'])[SERVICE_ACCOUNT_NAME]);
    if (name === '') faults.push(required(`metadata.annotations[${SERVICE_ACCOUNT_NAME}]`));
  } else if (type === 'kubernetes.io/basic-auth') {
    if (Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password')) return;
    faults.push(required('data[username]'), required('data[password]'));
  } else if (Object.hasOwn(NEEDED, type)) {
    for (const key of NEEDED[type] ?? []) {
      if (!Object.hasOwn(data, key) || (key === 'ssh-privatekey' && data[key] === '')) faults.push(required(`data[${key}]`));
      else if (key.startsWith('.docker')) {
        const fault = jsonObjectFault(Buffer.from(textOf(data[key]), 'base64').toString());
        if (fault !== undefined) faults.push(invalid(`data[${key}]`, '<secret contents redacted>', fault));
      }
    }
  }
}

/** What Go says of a text that is no JSON object. */
function jsonObjectFault(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && !Array.isArray(value)) return undefined;
    const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
  } catch {
    const start = text.trimStart();
    if (start === '' || /^[[{"]/.test(start)) return 'unexpected end of JSON input';
    return `invalid character ${goQuoted(start)} looking for beginning of value`;
  }
}

function goQuoted(text: string): string {
  const [character = ''] = text;
  return character === "'" ? `'\\''` : `'${character}'`;
}

/** An immutable ConfigMap or Secret stays so, and stays what it is. */
function validateSealed(next: Fields, live: Fields, fields: readonly string[], faults: FieldError[]): void {
  if (live['immutable'] !== true) return;
  if (next['immutable'] !== true) faults.push(forbidden('immutable', 'field is immutable when `immutable` is set'));
  for (const field of fields) {
    const before = isSet(live[field]) ? live[field] : {};
    const after = isSet(next[field]) ? next[field] : {};
    if (!deepEqual(after, before)) faults.push(forbidden(field, 'field is immutable when `immutable` is set'));
  }
}

function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.max(0, Math.floor(base64.length / 4) * 3 - padding);
}

function decoded(base64: unknown): string {
  return Buffer.from(textOf(base64), 'base64').toString('latin1');
}
