import { invalid, type FieldError } from '@sluice/schema';

/** A path that stays below where it starts. */
export function validateDescendingPath(value: string, faults: FieldError[], path: string): void {
  if (value.startsWith('/')) faults.push(invalid(path, value, 'must be a relative path'));
  if (value.split('/').includes('..')) faults.push(invalid(path, value, "must not contain '..'"));
}
