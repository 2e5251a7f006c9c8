import type { FieldError } from './field-error.js';
import { validateListElements } from './list-elements.js';
import type { SchemaNode } from './node.js';
import { hidesRules, validateRules } from './rules/validate-rules.js';
import { validateValue } from './validate.js';

/**
 * All that a schema has to say about a resource: its values, the uniqueness of list elements, its rules. With `old`
 * the check of an update, which does not object to what was invalid before and does not change.
 */
export function validateObject(schema: SchemaNode, value: unknown, old?: unknown): FieldError[] {
  const errors = validateValue(schema, value, { old });
  const repeated = validateListElements(schema, value);
  if (repeated.length > 0 && (old === undefined || validateListElements(schema, old).length === 0)) errors.push(...repeated);
  if (!schema.hasRules) return errors;
  const hidden = hidesRules(errors);
  if (hidden === undefined) errors.push(...validateRules(schema, value, { old }));
  else errors.push(hidden);
  return errors;
}
