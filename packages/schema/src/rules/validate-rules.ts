import { CelCostError, CelError, CelOptional, fromJson } from '@sluice/cel';
import { deepEqual, errorMessage, isJsonObject } from '@sluice/core';
import { duplicate, type FieldError, forbidden, invalid, required } from '../field-error.js';
import type { SchemaNode } from '../node.js';
import { keyedItems, keyOf } from '../validate.js';
import { celTypeOf } from './cel-type.js';
import { type CompiledRule, RuleFault, type RuleProgram } from './rule.js';

/** What all rules of one object may cost together. */
const OBJECT_COST_LIMIT = 10_000_000;
const RULE_COST_LIMIT = 1_000_000;

export interface RuleOptions {
  /** The value before an update. Undefined for a create: rules about changes are not asked then. */
  readonly old?: unknown;
}

/**
 * The faults that the rules of a schema (`x-kubernetes-validations`) find in a resource. To be asked only when the
 * schema itself finds none that hide values from the rules, see {@link hidesRules}.
 */
export function validateRules(schema: SchemaNode, value: unknown, { old }: RuleOptions = {}): FieldError[] {
  if (!schema.hasRules) return [];
  const walk: Walk = { errors: [], budget: OBJECT_COST_LIMIT };
  visit(schema, value, old, '', true, walk);
  return walk.errors;
}

/** Whether a fault of the schema keeps the rules from being checked, and the fault that says so. */
export function hidesRules(errors: readonly FieldError[]): FieldError | undefined {
  const blocking = new Set([
    'FieldValueNotSupported',
    'FieldValueRequired',
    'FieldValueTooLong',
    'FieldValueTooMany',
    'FieldValueTypeInvalid',
  ]);
  if (!errors.some(({ reason }) => blocking.has(reason))) return undefined;
  return invalid(
    '<nil>',
    null,
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  );
}

interface Walk {
  readonly errors: FieldError[];
  budget: number;
}

function visit(schema: SchemaNode, value: unknown, old: unknown, path: string, isRoot: boolean, walk: Walk): void {
  if (!schema.hasRules || value === null || value === undefined || walk.budget < 0) return;
  for (const rule of schema.rules) check(schema, rule, value, old, path, isRoot, walk);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    const before = keyedItems(schema, old);
    for (const [index, item] of value.entries()) visit(items, item, before?.get(keyOf(schema, item)), `${path}[${index}]`, false, walk);
  } else if (isJsonObject(value)) {
    const before = isJsonObject(old) ? old : {};
    for (const key of Object.keys(value)) {
      const was = Object.hasOwn(before, key) ? before[key] : undefined;
      const property = schema.properties.get(key);
      if (property !== undefined) visit(property, value[key], was, path === '' ? key : `${path}.${key}`, false, walk);
      else if (typeof schema.additional === 'object') visit(schema.additional, value[key], was, `${path}[${key}]`, false, walk);
    }
  }
}

function check(schema: SchemaNode, rule: CompiledRule, value: unknown, old: unknown, path: string, isRoot: boolean, walk: Walk): void {
  const type = celTypeOf(schema, isRoot);
  const shown = schema.type ?? '';
  let program: RuleProgram;
  try {
    program = rule.program(type);
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error;
    walk.errors.push(invalid(path, shown, `rule compile error: ${error.message}`));
    return;
  }
  const hasOld = old !== undefined && old !== null;
  if (program.isTransition ? !hasOld && !rule.optionalOldSelf : hasOld && deepEqual(value, old)) return;
  const values = [value, program.isTransition ? oldValue(rule, old, hasOld, type) : undefined];
  try {
    const { value: passed, cost } = program.test.run(values, Math.min(RULE_COST_LIMIT, walk.budget));
    walk.budget -= cost;
    if (passed !== true) walk.errors.push(failure(rule, path, shown, messageOf(rule, program, values, walk)));
  } catch (error) {
    if (error instanceof CelCostError) {
      walk.budget = -1;
      walk.errors.push(
        invalid(
          path,
          shown,
          `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${nameOf(rule)}`,
        ),
      );
    } else if (error instanceof CelError) {
      walk.errors.push(invalid(path, shown, evaluationFault(error, rule)));
    } else throw error;
  }
}

function oldValue(rule: CompiledRule, old: unknown, hasOld: boolean, type: Parameters<typeof fromJson>[1]): unknown {
  if (!rule.optionalOldSelf) return old;
  return hasOld ? new CelOptional(fromJson(old, type)) : CelOptional.none;
}

function evaluationFault(error: CelError, rule: CompiledRule): string {
  const text = errorMessage(error);
  return text.startsWith('no such overload')
    ? `'${text}': call arguments did not match a supported operator, function or macro signature for rule: ${nameOf(rule)}`
    : `${text} evaluating rule: ${nameOf(rule)}`;
}

function nameOf(rule: CompiledRule): string {
  return rule.message === '' ? rule.rule.trim() : rule.message.trim();
}

/** The message expression's text when it gives one, then the message, then the rule. */
function messageOf(rule: CompiledRule, program: RuleProgram, values: readonly unknown[], walk: Walk): string {
  const plain = rule.message === '' ? `failed rule: ${rule.rule.trim()}` : rule.message.trim();
  if (program.message === undefined) return plain;
  try {
    const { value, cost } = program.message.run(values, Math.min(RULE_COST_LIMIT, walk.budget));
    walk.budget -= cost;
    return typeof value === 'string' && value.trim() !== '' && value.length <= 5 * 1024 && !value.includes('\n') ? value.trim() : plain;
  } catch (error) {
    if (error instanceof CelError || error instanceof CelCostError) return plain;
    throw error;
  }
}

function failure(rule: CompiledRule, path: string, type: string, message: string): FieldError {
  const field = joinFieldPath(path, rule.fieldPath);
  switch (rule.reason) {
    case 'FieldValueRequired':
      return required(field, message);
    case 'FieldValueDuplicate':
      return duplicate(field, type);
    case 'FieldValueForbidden':
      return forbidden(field, message);
    default:
      return invalid(field, type, message);
  }
}

/** `spec` and `.labels['a/b']` → `spec.labels[a/b]`. */
function joinFieldPath(path: string, fieldPath: string): string {
  const below = fieldPath
    .trim()
    .replaceAll(/\['([^']*)'\]|\["([^"]*)"\]/g, (_, single?: string, double?: string) => `[${single ?? double ?? ''}]`);
  return path === '' ? below.replace(/^\./, '') : `${path}${below}`;
}
