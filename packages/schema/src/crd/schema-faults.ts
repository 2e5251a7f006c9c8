import { isJsonObject } from '@sluice/core';
import { compileSchema } from '../compile.js';
import { type FieldError, forbidden, invalid, notSupported, required } from '../field-error.js';
import { pruneValue } from '../prune.js';
import { celTypeOf } from '../rules/cel-type.js';
import { compileRules, RuleFault } from '../rules/rule.js';
import { validateValue } from '../validate.js';
import { propertiesOf, structuralFaults, typeOf } from './structural.js';

type Json = Readonly<Record<string, unknown>>;

/** The faults of the schema of a definition's version: its form, its defaults, its list types, its rules. */
export function schemaFaults(schema: Json, path: string): FieldError[] {
  const errors = schema['nullable'] === true ? [forbidden(`${path}.nullable`, 'nullable cannot be true at the root')] : [];
  const structural = structuralFaults(schema, path);
  errors.push(...structural);
  if (structural.length === 0) errors.push(...defaultFaults(schema, path));
  walk(schema, path, { isRoot: true, uncorrelatable: undefined }, errors);
  if (errors.length === 0) ruleFaults(schema, path, { isRoot: true, uncorrelatable: undefined }, errors);
  return errors;
}

interface Place {
  readonly isRoot: boolean;
  /** The nearest list around whose elements cannot be found again after an update. */
  readonly uncorrelatable: string | undefined;
}

function children(schema: Json, path: string, place: Place): [schema: Json, path: string, place: Place][] {
  const below = {
    isRoot: false,
    uncorrelatable: schema['x-kubernetes-map-type'] === 'atomic' ? (place.uncorrelatable ?? path) : place.uncorrelatable,
  };
  const out: [Json, string, Place][] = [...propertiesOf(schema)].map(([name, property]) => [
    property,
    `${path}.properties[${name}]`,
    below,
  ]);
  const additional = schema['additionalProperties'];
  if (isJsonObject(additional)) out.push([additional, `${path}.additionalProperties`, below]);
  const items = schema['items'];
  if (isJsonObject(items)) {
    const isKeyed = schema['x-kubernetes-list-type'] === 'map';
    out.push([items, `${path}.items`, { isRoot: false, uncorrelatable: isKeyed ? place.uncorrelatable : (place.uncorrelatable ?? path) }]);
  }
  return out;
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const unsupported: readonly (readonly [key: string, text: string])[] = [
  ['id', 'id is not supported'],
  ['additionalItems', 'additionalItems is not supported'],
  ['patternProperties', 'patternProperties is not supported'],
  ['definitions', 'definitions is not supported'],
  ['dependencies', 'dependencies is not supported'],
  ['$ref', '$ref is not supported'],
];

function walk(schema: Json, path: string, place: Place, errors: FieldError[]): void {
  const type = typeOf(schema);
  if (type === 'null') errors.push(forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  if (type !== '' && !types.includes(type)) errors.push(notSupported(`${path}.type`, type, types));
  for (const [key, text] of unsupported) if (schema[key] !== undefined) errors.push(forbidden(`${path}.${key}`, text));
  if (Array.isArray(schema['items'])) errors.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'));
  if (schema['uniqueItems'] === true) {
    errors.push(forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  }
  const additional = schema['additionalProperties'];
  if (additional !== undefined && additional !== true && propertiesOf(schema).size > 0) {
    errors.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  }
  checkMapType(schema, path, errors);
  checkListType(schema, path, errors);
  checkRuleTexts(schema, path, errors);
  for (const [below, at, where] of children(schema, path, place)) walk(below, at, where, errors);
}

function checkMapType(schema: Json, path: string, errors: FieldError[]): void {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return;
  wantsType(schema, 'object', 'x-kubernetes-map-type', path, errors);
  if (mapType !== 'atomic' && mapType !== 'granular')
    errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
}

function wantsType(schema: Json, type: string, extension: string, path: string, errors: FieldError[]): boolean {
  const actual = typeOf(schema);
  if (actual === type) return true;
  const text = `must be ${type} if ${extension} is specified`;
  errors.push(actual === '' ? required(`${path}.type`, text) : invalid(`${path}.type`, actual, text));
  return false;
}

function checkListType(schema: Json, path: string, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = Array.isArray(schema['x-kubernetes-list-map-keys']) ? (schema['x-kubernetes-list-map-keys'] as string[]) : [];
  const items = isJsonObject(schema['items']) ? schema['items'] : undefined;
  const at = `${path}.x-kubernetes-list-type`;
  if (keys.length > 0 && listType !== 'map') {
    const text = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(listType === undefined ? required(at, text) : invalid(at, listType, text));
  }
  if (listType === undefined) return;
  const isArray = wantsType(schema, 'array', 'x-kubernetes-list-type', path, errors);
  if (listType !== 'atomic' && listType !== 'set' && listType !== 'map') errors.push(notSupported(at, listType, ['atomic', 'set', 'map']));
  if (isArray && listType === 'set' && items !== undefined) checkSetItems(items, path, errors);
  if (listType === 'map') checkKeyedItems(schema, keys, items, path, errors);
}

function checkSetItems(items: Json, path: string, errors: FieldError[]): void {
  const text = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  if (typeOf(items) === 'array' && listType !== undefined && listType !== 'atomic') {
    errors.push(invalid(`${path}.items.x-kubernetes-list-type`, listType, text));
  }
  if (typeOf(items) === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    errors.push(invalid(`${path}.items.x-kubernetes-map-type`, listType ?? null, text));
  }
}

function checkKeyedItems(schema: Json, keys: readonly string[], items: Json | undefined, path: string, errors: FieldError[]): void {
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) errors.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
  if (schema['items'] === undefined) errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  if (items === undefined) return;
  if (typeOf(items) !== 'object') {
    errors.push(invalid(`${path}.items.type`, typeOf(items), "must be object if parent array's x-kubernetes-list-type is map"));
    return;
  }
  const requiredKeys = Array.isArray(items['required']) ? (items['required'] as unknown[]) : [];
  for (const [index, key] of keys.entries()) {
    const property = propertiesOf(items).get(key);
    if (property === undefined) errors.push(invalid(at, keys, 'entries must all be names of item properties'));
    if (keys.indexOf(key) !== index) errors.push(invalid(at, keys, 'must not contain duplicate entries'));
    if (property === undefined) continue;
    const where = `${path}.items.properties[${key}]`;
    if (['array', 'object'].includes(typeOf(property))) {
      errors.push(invalid(`${where}.type`, typeOf(items), "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    }
    if (property['nullable'] === true) {
      errors.push(forbidden(`${where}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
    }
    if (property['default'] === undefined && !requiredKeys.includes(key)) {
      errors.push(
        required(`${where}.default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'),
      );
    }
  }
}

const reasons = ['FieldValueRequired', 'FieldValueInvalid', 'FieldValueForbidden', 'FieldValueDuplicate'].sort();

function checkRuleTexts(schema: Json, path: string, errors: FieldError[]): void {
  const rules = schema['x-kubernetes-validations'];
  if (!Array.isArray(rules)) return;
  for (const [index, json] of rules.entries()) {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const rule = isJsonObject(json) ? json : {};
    const text = (key: string): string => (typeof rule[key] === 'string' ? rule[key] : '');
    const message = text('message');
    if (text('rule').trim() === '') errors.push(required(`${at}.rule`, 'rule is not specified'));
    else if (message !== '' && message.trim() === '') errors.push(invalid(`${at}.message`, message, 'must be non-empty if specified'));
    else if (message.trim().includes('\n')) errors.push(invalid(`${at}.message`, message, 'must not contain line breaks'));
    else if (text('rule').trim().includes('\n') && message.trim() === '') {
      errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'));
    }
    if (text('messageExpression') !== '' && text('messageExpression').trim() === '') {
      errors.push(required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'));
    }
    if (rule['reason'] !== undefined && !reasons.includes(text('reason')))
      errors.push(notSupported(`${at}.reason`, rule['reason'], reasons));
    const fieldPath = text('fieldPath');
    if (fieldPath.includes('\n')) errors.push(invalid(`${at}.fieldPath`, fieldPath, 'must not contain line breaks'));
    if (fieldPath !== '' && schemaAtPath(schema, fieldPath) === undefined)
      errors.push(invalid(`${at}.fieldPath`, fieldPath, 'must be a valid path'));
  }
}

/** The schema at a path such as `.spec.a['b/c']`; undefined when there is no such field. */
export function schemaAtPath(schema: Json, path: string): Json | undefined {
  const parts = [...path.matchAll(/\.([^.[\]]+)|\['([^']*)'\]|\["([^"]*)"\]/g)];
  if (parts.map(([whole]) => whole).join('') !== path || parts.length === 0) return undefined;
  let at: Json | undefined = schema;
  for (const [, dotted, single, double] of parts) {
    const additional: unknown = at?.['additionalProperties'];
    at =
      at === undefined
        ? undefined
        : (propertiesOf(at).get(dotted ?? single ?? double ?? '') ?? (isJsonObject(additional) ? additional : undefined));
  }
  return at;
}

/** Defaults have to be values of their own schema, without unknown fields. */
function defaultFaults(schema: Json, path: string, isRoot = true): FieldError[] {
  const errors: FieldError[] = [];
  const value = schema['default'];
  if (value !== undefined) {
    const at = `${path}.default`;
    const compiled = compileSchema(schema);
    const { unknown } = pruneValue(compiled, value, { isResource: schema['x-kubernetes-embedded-resource'] === true });
    if (isRoot) errors.push(forbidden(at, 'must not be set at the root'));
    else if (unknown.length > 0) errors.push(invalid(at, value, 'must not have unknown fields'));
    else
      for (const error of validateValue(compiled, value))
        errors.push({ ...error, field: error.field === '' ? at : `${at}.${error.field}` });
  }
  for (const [below, at] of children(schema, path, { isRoot: false, uncorrelatable: undefined }))
    errors.push(...defaultFaults(below, at, false));
  return errors;
}

function ruleFaults(schema: Json, path: string, place: Place, errors: FieldError[]): void {
  const rules = schema['x-kubernetes-validations'];
  const type = Array.isArray(rules) && rules.length > 0 ? celTypeOf(compileSchema(schema), place.isRoot) : undefined;
  for (const [index, rule] of type === undefined ? [] : compileRules(schema).entries()) {
    if (type === undefined) break;
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const json = (rules as Json[])[index] ?? {};
    try {
      const { isTransition } = rule.program(type);
      if (isTransition && place.uncorrelatable !== undefined && !rule.optionalOldSelf) {
        errors.push(
          invalid(
            `${at}.rule`,
            rule.rule,
            `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`,
          ),
        );
      } else if (!isTransition && json['optionalOldSelf'] !== undefined) {
        errors.push(invalid(`${at}.optionalOldSelf`, json['optionalOldSelf'], 'may not be set if oldSelf is not used in rule'));
      }
    } catch (error) {
      if (!(error instanceof RuleFault)) throw error;
      errors.push(invalid(`${at}.${error.field}`, goRule(json), error.message));
    }
  }
  for (const [below, at, where] of children(schema, path, place)) ruleFaults(below, at, where, errors);
}

/** A rule as Go prints its internal struct. */
function goRule(rule: Json): unknown {
  return {
    Rule: rule['rule'] ?? '',
    Message: rule['message'] ?? '',
    MessageExpression: rule['messageExpression'] ?? '',
    Reason: rule['reason'] ?? null,
    FieldPath: rule['fieldPath'] ?? '',
    OptionalOldSelf: rule['optionalOldSelf'] ?? null,
  };
}
