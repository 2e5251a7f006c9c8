import { hasTextFormat } from '@sluice/cel';
import { deepEqual, isJsonObject } from '@sluice/core';
import { type FieldError, invalid, notSupported, required, tooLong, tooMany, typeInvalid } from './field-error.js';
import type { SchemaNode, ValueChecks } from './node.js';

export interface ValidateOptions {
  /** The value before an update: what was invalid and does not change is not held against the update. */
  readonly old?: unknown;
}

/**
 * The faults of a value, in the words of the API server. Rules (`x-kubernetes-validations`) and the uniqueness of list
 * elements are checked by functions of their own.
 */
export function validateValue(schema: SchemaNode, value: unknown, { old }: ValidateOptions = {}): FieldError[] {
  const errors: FieldError[] = [];
  validate(schema, value, old, '', errors);
  return errors;
}

function validate(schema: SchemaNode, value: unknown, old: unknown, path: string, errors: FieldError[]): void {
  if (old !== undefined && deepEqual(value, old)) return;
  checkType(schema, value, path, errors);
  if (schema.checks !== undefined) checkValue(schema.checks, value, path, errors);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    const before = keyedItems(schema, old);
    for (const [index, item] of value.entries()) {
      validate(items, item, before === undefined ? undefined : before.get(keyOf(schema, item)), `${path}[${index}]`, errors);
    }
  } else if (isJsonObject(value)) {
    const before = isJsonObject(old) ? old : undefined;
    for (const key of Object.keys(value)) {
      const known = schema.properties.get(key) ?? (typeof schema.additional === 'object' ? schema.additional : undefined);
      if (known === undefined) continue;
      const was = before !== undefined && Object.hasOwn(before, key) ? before[key] : undefined;
      validate(known, value[key], was, join(path, key), errors);
    }
    for (const key of schema.required) if (!Object.hasOwn(value, key)) errors.push(required(join(path, key)));
    if (schema.embedded) for (const key of ['apiVersion', 'kind']) if (!Object.hasOwn(value, key)) errors.push(required(join(path, key)));
  }
}

/** The elements of a keyed list by their keys: only those can be found again after an update. */
export function keyedItems(schema: SchemaNode, list: unknown): Map<string, unknown> | undefined {
  if (schema.listType !== 'map' || !Array.isArray(list)) return undefined;
  return new Map(list.map((item) => [keyOf(schema, item), item]));
}

export function keyOf(schema: SchemaNode, item: unknown): string {
  return JSON.stringify(isJsonObject(item) ? schema.listMapKeys.map((key) => item[key] ?? null) : null);
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function checkType(schema: SchemaNode, value: unknown, path: string, errors: FieldError[]): void {
  const actual = typeName(value);
  if (value === null && schema.nullable) return;
  if (schema.intOrString) {
    if (actual !== 'integer' && actual !== 'string') errors.push(wrongType(path, actual, 'integer,string'));
  } else if (schema.type !== undefined && schema.type !== actual && !(schema.type === 'number' && actual === 'integer')) {
    errors.push(wrongType(path, actual, schema.type));
  }
}

function wrongType(path: string, actual: string, wanted: string): FieldError {
  return typeInvalid(path, actual, `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`);
}

/** The JSON schema type of a value. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'bigint') return 'integer';
  return typeof value === 'object' ? 'object' : typeof value;
}

function checkValue(checks: ValueChecks, value: unknown, path: string, errors: FieldError[]): void {
  checkCombinations(checks, value, path, errors);
  if (typeof value === 'string') {
    checkString(checks, value, path, errors);
    if (checks.format !== undefined && !hasTextFormat(checks.format, value)) {
      errors.push(typeInvalid(path, value, `${path} in body must be of type ${checks.format}: ${JSON.stringify(value)}`));
    }
  } else if (typeof value === 'number') {
    checkNumber(checks, value, path, errors);
  } else if (Array.isArray(value)) {
    checkList(checks, value, path, errors);
  } else if (isJsonObject(value)) {
    const count = Object.keys(value).length;
    const { minProperties, maxProperties } = checks;
    if (minProperties !== undefined && count < minProperties) {
      errors.push(invalid(path, count, `${path} in body should have at least ${minProperties} properties`));
    } else if (maxProperties !== undefined && count > maxProperties) {
      errors.push(tooMany(path, count, maxProperties));
    }
  }
  if (checks.enum !== undefined && value !== null && !checks.enum.some((allowed) => deepEqual(allowed, value))) {
    const allowed = checks.enum.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
    errors.push(notSupported(path, value, allowed));
  }
}

/** Only the first fault of a text is reported. */
function checkString(checks: ValueChecks, value: string, path: string, errors: FieldError[]): void {
  const { minLength, maxLength, pattern } = checks;
  // Characters are counted; the length in UTF-16 units is at least as large.
  if (maxLength !== undefined && value.length > maxLength && characters(value) > maxLength) {
    errors.push(tooLong(path, maxLength));
  } else if (minLength !== undefined && characters(value) < minLength) {
    errors.push(invalid(path, value, `${path} in body should be at least ${minLength} chars long`));
  } else if (pattern !== undefined && !pattern.test(value)) {
    errors.push(invalid(path, value, `${path} in body should match '${pattern.source}'`));
  }
}

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function checkNumber(checks: ValueChecks, value: number, path: string, errors: FieldError[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = checks;
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
    errors.push(invalid(path, value, `${path} in body should be a multiple of ${multipleOf}`));
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    errors.push(invalid(path, value, `${path} in body should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`));
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    errors.push(invalid(path, value, `${path} in body should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`));
  }
}

function isMultiple(value: number, factor: number): boolean {
  const quotient = value / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}

function checkList(checks: ValueChecks, value: readonly unknown[], path: string, errors: FieldError[]): void {
  const { minItems, maxItems } = checks;
  if (minItems !== undefined && value.length < minItems) {
    errors.push(invalid(path, value.length, `${path} in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && value.length > maxItems) errors.push(tooMany(path, value.length, maxItems));
  if (checks.uniqueItems && value.some((item, index) => value.findIndex((other) => deepEqual(other, item)) !== index)) {
    errors.push(invalid(path, value, `${path} in body shouldn't contain duplicates`));
  }
}

function checkCombinations(checks: ValueChecks, value: unknown, path: string, errors: FieldError[]): void {
  const { allOf, anyOf, oneOf, not } = checks;
  if (anyOf.length > 0) {
    const results = anyOf.map((schema) => faultsOf(schema, value, path));
    if (!results.some((faults) => faults.length === 0)) {
      errors.push(combination(path, 'must validate at least one schema (anyOf)'), ...closest(results));
    }
  }
  if (oneOf.length > 0) {
    const results = oneOf.map((schema) => faultsOf(schema, value, path));
    const valid = results.filter((faults) => faults.length === 0).length;
    const text = 'must validate one and only one schema (oneOf). Found';
    if (valid === 0) errors.push(combination(path, `${text} none valid`), ...closest(results));
    else if (valid > 1) errors.push(combination(path, `${text} ${valid} valid alternatives`));
  }
  if (allOf.length > 0) {
    const results = allOf.map((schema) => faultsOf(schema, value, path));
    const valid = results.filter((faults) => faults.length === 0).length;
    if (valid < results.length) {
      errors.push(combination(path, `must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`), ...results.flat());
    }
  }
  if (not !== undefined && faultsOf(not, value, path).length === 0) {
    errors.push(combination(path, 'must not validate the schema (not)'));
  }
}

function faultsOf(schema: SchemaNode, value: unknown, path: string): FieldError[] {
  const errors: FieldError[] = [];
  validate(schema, value, undefined, path, errors);
  return errors;
}

/** The alternative that was missed by the least. */
function closest(results: readonly FieldError[][]): readonly FieldError[] {
  let best: FieldError[] | undefined;
  for (const faults of results) if (best === undefined || faults.length < best.length) best = faults;
  return best ?? [];
}

/** Faults of combinations name their place in the text only, as on the real server. */
function combination(path: string, detail: string): FieldError {
  return invalid('<nil>', '', `"${path}" ${detail}`);
}
