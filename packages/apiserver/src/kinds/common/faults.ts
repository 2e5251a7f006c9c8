import type { FieldError } from '@sluice/schema';

/** A reference inside the object that leads nowhere. */
export function fieldNotFound(field: string, value: string): FieldError {
  return { reason: 'FieldValueNotFound', field, message: `Not found: ${JSON.stringify(value)}` };
}

/** A fault whose value is shown as the API server prints its internal type: the text is JSON already. */
export function invalidShown(field: string, shown: string, detail: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${shown}: ${detail}` };
}

export function notSupportedShown(field: string, shown: string, supported: readonly string[]): FieldError {
  const values = supported.map((value) => JSON.stringify(value)).join(', ');
  return { reason: 'FieldValueNotSupported', field, message: `Unsupported value: ${shown}: supported values: ${values}` };
}

export function duplicateShown(field: string, shown: string): FieldError {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${shown}` };
}
