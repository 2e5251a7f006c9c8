import { deepEqual, isJsonObject } from '@sluice/core';
import { type FieldError, forbidden, invalid, required } from '../field-error.js';
import { patternFault } from '../pattern.js';

type Json = Readonly<Record<string, unknown>>;
type Level = 'root' | 'item' | 'field';

/**
 * What keeps a schema from being structural: every value has a type, and combinations (`oneOf`…) only add checks to
 * what is declared outside of them.
 */
export function structuralFaults(schema: Json, path: string): FieldError[] {
  const errors: FieldError[] = [];
  checkNode(schema, 'root', path, errors);
  checkCompleteness(schema, path, errors);
  return errors;
}

function checkNode(schema: Json, level: Level, path: string, errors: FieldError[]): void {
  const type = typeOf(schema);
  const items = schema['items'];
  if (type === 'array' && !isJsonObject(items)) errors.push(required(`${path}.items`, 'must be specified'));
  if (isJsonObject(items)) checkNode(items, 'item', `${path}.items`, errors);
  const properties = propertiesOf(schema);
  for (const [name, property] of properties) checkNode(property, 'field', `${path}.properties[${name}]`, errors);
  const additional = schema['additionalProperties'];
  if (additional !== undefined && level === 'root') errors.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'));
  if (isJsonObject(additional)) checkNode(additional, 'field', `${path}.additionalProperties`, errors);
  checkExtensions(schema, path, errors);
  checkValueValidation(schema, level, path, errors);
  checkEmbedded(schema, level, path, errors);
  if (level === 'root' && type !== '' && type !== 'object') errors.push(invalid(`${path}.type`, type, 'must be object at the root'));
  const isObject = level === 'root' || schema['x-kubernetes-embedded-resource'] === true;
  for (const name of isObject ? ['kind', 'apiVersion'] : []) {
    const property = properties.get(name);
    if (property !== undefined && typeOf(property) !== 'string') {
      errors.push(invalid(`${path}.properties[${name}].type`, typeOf(property), 'must be string'));
    }
  }
  const metadata = properties.get('metadata');
  if (metadata !== undefined && isObject) checkMetadata(metadata, level, `${path}.properties[metadata]`, errors);
}

function checkExtensions(schema: Json, path: string, errors: FieldError[]): void {
  if (schema['x-kubernetes-int-or-string'] !== true) return;
  for (const name of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource']) {
    if (schema[name] === true) errors.push(invalid(`${path}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'));
  }
}

function checkEmbedded(schema: Json, level: Level, path: string, errors: FieldError[]): void {
  const type = typeOf(schema);
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (isEmbedded && type !== 'object') {
    const text = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === '' ? required(`${path}.type`, text) : invalid(`${path}.type`, type, text));
  } else if (type === '' && schema['x-kubernetes-int-or-string'] !== true && !preserves) {
    const where = { root: 'at the root', item: 'for specified array items', field: 'for specified object fields' };
    errors.push(required(`${path}.type`, `must not be empty ${where[level]}`));
  }
  if (!isEmbedded) return;
  if (schema['additionalProperties'] !== undefined) {
    errors.push(forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
  }
  if (!preserves && propertiesOf(schema).size === 0) {
    errors.push(
      required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    );
  }
}

/** Only the name of an object can be constrained at the root. */
function checkMetadata(schema: Json, level: Level, path: string, errors: FieldError[]): void {
  if (typeOf(schema) !== 'object') errors.push(invalid(`${path}.type`, typeOf(schema), 'must be object'));
  if (level !== 'root') return;
  const others = [...propertiesOf(schema).keys()].some((name) => name !== 'name' && name !== 'generateName');
  const said = Object.keys(schema).filter((key) => !['type', 'properties', 'description', 'default'].includes(key));
  if (others || said.length > 0) {
    errors.push(forbidden(path, 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
  }
}

const intOrString = [{ type: 'integer' }, { type: 'string' }];

function checkValueValidation(schema: Json, level: Level, path: string, errors: FieldError[]): void {
  // The old spelling of int-or-string is the one combination that may name types.
  if (!deepEqual(schema['anyOf'], intOrString)) eachOf(schema, 'anyOf', (nested, at) => checkNested(nested, level, at, errors), path);
  eachOf(
    schema,
    'allOf',
    (nested, at, index) => {
      const isSpelling = index === 0 && deepEqual(nested['anyOf'], intOrString);
      const { anyOf: _, ...rest } = nested;
      checkNested(isSpelling ? rest : nested, level, at, errors);
    },
    path,
  );
  eachOf(schema, 'oneOf', (nested, at) => checkNested(nested, level, at, errors), path);
  const not = schema['not'];
  if (isJsonObject(not)) checkNested(not, level, `${path}.not`, errors);
  const pattern = schema['pattern'];
  if (typeof pattern === 'string' && pattern !== '') {
    const fault = patternFault(pattern);
    if (fault !== undefined) {
      errors.push(invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: error parsing regexp: ${fault}`));
    }
  }
}

function eachOf(schema: Json, key: string, visit: (nested: Json, path: string, index: number) => void, path: string): void {
  const list = schema[key];
  if (!Array.isArray(list)) return;
  for (const [index, nested] of list.entries()) if (isJsonObject(nested)) visit(nested, `${path}.${key}[${index}]`, index);
}

const forbiddenInside: readonly (readonly [key: string, text: string])[] = [
  ['type', 'must be empty to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
];

function checkNested(schema: Json, level: Level, path: string, errors: FieldError[]): void {
  checkValueValidation(schema, level, path, errors);
  const items = schema['items'];
  if (isJsonObject(items)) checkNested(items, level, `${path}.items`, errors);
  const properties = propertiesOf(schema);
  for (const [name, property] of properties) checkNested(property, 'field', `${path}.properties[${name}]`, errors);
  for (const [key, text] of forbiddenInside) {
    const value = schema[key];
    if (value === undefined || value === false || value === '' || (Array.isArray(value) && value.length === 0)) continue;
    errors.push(forbidden(`${path}.${key}`, text));
  }
  if (properties.has('metadata')) errors.push(forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
}

/** What a combination checks has to be declared outside of it. */
function checkCompleteness(schema: Json, path: string, errors: FieldError[]): void {
  for (const key of ['anyOf', 'allOf', 'oneOf']) {
    eachOf(schema, key, (nested) => checkDeclared(nested, schema, path, errors), path);
  }
  const not = schema['not'];
  if (isJsonObject(not)) checkDeclared(not, schema, path, errors);
  const items = schema['items'];
  if (isJsonObject(items)) checkCompleteness(items, `${path}.items`, errors);
  for (const [name, property] of propertiesOf(schema)) checkCompleteness(property, `${path}.properties[${name}]`, errors);
  const additional = schema['additionalProperties'];
  if (isJsonObject(additional)) checkCompleteness(additional, `${path}.additionalProperties`, errors);
}

function checkDeclared(nested: Json, schema: Json, path: string, errors: FieldError[]): void {
  const add = (field: string, detail: string): void => {
    if (!errors.some((error) => error.field === field)) errors.push(required(field, detail));
  };
  const items = nested['items'];
  if (isJsonObject(items)) {
    const declared = schema['items'];
    if (isJsonObject(declared)) checkDeclared(items, declared, `${path}.items`, errors);
    else add(`${path}.items`, `because it is defined in ${path}`);
  }
  for (const [name, property] of propertiesOf(nested)) {
    const declared =
      propertiesOf(schema).get(name) ?? (isJsonObject(schema['additionalProperties']) ? schema['additionalProperties'] : undefined);
    if (declared !== undefined) checkDeclared(property, declared, `${path}.properties[${name}]`, errors);
    else if (schema['x-kubernetes-preserve-unknown-fields'] !== true) {
      add(`${path}.properties[${name}]`, `because it is defined in ${path}.properties[${name}]`);
    }
  }
  for (const key of ['anyOf', 'allOf', 'oneOf']) eachOf(nested, key, (below) => checkDeclared(below, schema, path, errors), path);
  if (isJsonObject(nested['not'])) checkDeclared(nested['not'], schema, path, errors);
}

export function typeOf(schema: Json): string {
  return typeof schema['type'] === 'string' ? schema['type'] : '';
}

export function propertiesOf(schema: Json): ReadonlyMap<string, Json> {
  const properties = schema['properties'];
  if (!isJsonObject(properties)) return new Map();
  return new Map(Object.entries(properties).filter((entry): entry is [string, Record<string, unknown>] => isJsonObject(entry[1])));
}
