import { duplicate, invalid, required, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, itemsOf, numberOf, textOf, type Fields } from '../common/index.js';
import { invalidShown } from '../common/faults.js';
import { check, qualifiedName } from '../common/names.js';
import { checkOneOf } from '../common/selectors.js';

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const MAX_RULES = 20;
const MAX_VALUES = 255;

/** Faults of what a Job does about pods that fail. */
export function validateFailurePolicy(spec: Fields, faults: FieldError[], path: string): void {
  if (!isSet(spec['podFailurePolicy'])) return;
  const rules = itemsOf(fieldsOf(spec['podFailurePolicy'])['rules']);
  if (rules.length > MAX_RULES) {
    faults.push({
      reason: 'FieldValueTooMany',
      field: `${path}.rules`,
      message: `Too many: ${rules.length}: must have at most ${MAX_RULES} items`,
    });
  }
  const template = fieldsOf(fieldsOf(spec['template'])['spec']);
  const containers = new Set([...itemsOf(template['containers']), ...itemsOf(template['initContainers'])].map(({ name }) => textOf(name)));
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rules[${index}]`;
    const action = textOf(rule['action']);
    if (action === '') faults.push(required(`${at}.action`, validValues(ACTIONS)));
    else if (action === 'FailIndex' && !isSet(spec['backoffLimitPerIndex'])) {
      faults.push(invalid(`${at}.action`, action, 'requires the backoffLimitPerIndex to be set'));
    } else checkOneOf(faults, `${at}.action`, action, ACTIONS);
    const conditions = itemsOf(rule['onPodConditions']);
    if (isSet(rule['onExitCodes'])) {
      validateExitCodes(fieldsOf(rule['onExitCodes']), containers, faults, `${at}.onExitCodes`);
      if (conditions.length > 0) faults.push(invalidShown(at, '', 'specifying both OnExitCodes and OnPodConditions is not supported'));
    } else if (conditions.length === 0) {
      faults.push({
        reason: 'FieldValueInvalid',
        field: at,
        message: 'Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
      });
    }
    for (const [position, condition] of conditions.entries()) {
      const where = `${at}.onPodConditions[${position}]`;
      check(faults, `${where}.type`, textOf(condition['type']), qualifiedName);
      const status = textOf(condition['status']);
      if (status === '') faults.push(required(`${where}.status`, validValues(['False', 'True', 'Unknown'])));
      else checkOneOf(faults, `${where}.status`, status, ['False', 'True', 'Unknown']);
    }
  }
}

function validateExitCodes(codes: Fields, containers: ReadonlySet<string>, faults: FieldError[], path: string): void {
  const operator = textOf(codes['operator']);
  if (operator === '') faults.push(required(`${path}.operator`, validValues(OPERATORS)));
  else checkOneOf(faults, `${path}.operator`, operator, OPERATORS);
  const name = codes['containerName'];
  if (isSet(name) && !containers.has(textOf(name)))
    faults.push(invalid(`${path}.containerName`, name, 'must be one of the container or initContainer names in the pod template'));
  const values: readonly unknown[] = Array.isArray(codes['values']) ? codes['values'] : [];
  if (values.length === 0) faults.push(invalid(`${path}.values`, codes['values'] ?? null, 'at least one value is required'));
  else if (values.length > MAX_VALUES) {
    faults.push({
      reason: 'FieldValueTooMany',
      field: `${path}.values`,
      message: `Too many: ${values.length}: must have at most ${MAX_VALUES} items`,
    });
  }
  const seen = new Set<number>();
  let ordered = true;
  for (const [index, item] of values.entries()) {
    const value = numberOf(item);
    if (value === 0 && operator === 'In') faults.push(invalid(`${path}.values[${index}]`, value, 'must not be 0 for the In operator'));
    if (seen.has(value)) faults.push(duplicate(`${path}.values[${index}]`, value));
    if (index > 0 && value < numberOf(values[index - 1])) ordered = false;
    seen.add(value);
  }
  if (!ordered) faults.push(invalid(`${path}.values`, values, 'must be ordered'));
}

function validValues(values: readonly string[]): string {
  return `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
