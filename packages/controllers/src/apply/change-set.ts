import { subjectOf, type VersionedReference } from './reference.js';

/** What was done to an object. */
export type Action = 'created' | 'configured' | 'unchanged' | 'deleted' | 'skipped' | 'unknown';

export interface Change {
  readonly reference: VersionedReference;
  readonly action: Action;
}

/** One line an object: `ConfigMap/apps/a created`. */
export function changeLog(changes: readonly Change[]): string {
  return changes.map(({ reference, action }) => `${subjectOf(reference)} ${action}`).join('\n');
}

/** The changes that somebody would want to hear of. */
export function effective(changes: readonly Change[]): Change[] {
  return changes.filter(({ action }) => action === 'created' || action === 'configured' || action === 'deleted');
}

/** For the log: the subjects with what was done to each. */
export function changesBySubject(changes: readonly Change[]): Record<string, Action> {
  return Object.fromEntries(changes.map(({ reference, action }) => [subjectOf(reference), action]));
}
