import { headerOf } from '@sluice/kube';
import { invalid as invalidField, notSupported, required, tooLong, type FieldError } from '@sluice/schema';
import type { ResourceCall } from '../server/context.js';
import { isTrue } from '../server/request-info.js';
import { invalid } from '../server/status.js';

/** What the query of a create, update or patch asks for. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly manager: string;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  readonly force: boolean;
}

const MAX_MANAGER_LENGTH = 128;
const VALIDATIONS = ['Ignore', 'Strict', 'Warn'];

export function readWriteOptions(
  call: ResourceCall,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  isApply = false,
): WriteOptions {
  const { query } = call.info;
  const faults: FieldError[] = [];
  const dryRun = query.getAll('dryRun');
  checkDryRun(dryRun, faults);
  const manager = query.get('fieldManager') ?? '';
  const force = query.get('force');
  if (kind === 'PatchOptions') {
    if (isApply && manager === '') faults.push(required('fieldManager', 'is required for apply patch'));
    if (!isApply && force !== null && force !== '')
      faults.push({ reason: 'FieldValueForbidden', field: 'force', message: 'Forbidden: may not be specified for non-apply patch' });
  }
  if (manager.length > MAX_MANAGER_LENGTH) faults.push(tooLong('fieldManager', MAX_MANAGER_LENGTH));
  for (const { 0: character, index } of manager.matchAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu)) {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    faults.push(
      invalidField('fieldManager', manager, `invalid character U+${code} (at position ${Buffer.byteLength(manager.slice(0, index))})`),
    );
  }
  const validation = query.get('fieldValidation') ?? '';
  if (validation !== '' && !VALIDATIONS.includes(validation))
    faults.push(notSupported('fieldValidation', validation, ['', ...VALIDATIONS]));
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', faults);
  return {
    dryRun: dryRun.length > 0,
    manager: manager === '' ? managerOfUserAgent(headerOf(call.headers, 'user-agent') ?? '') : manager,
    fieldValidation: validation === '' ? 'Warn' : (validation as WriteOptions['fieldValidation']),
    force: isTrue(force),
  };
}

export function checkDryRun(values: readonly string[], faults: FieldError[]): void {
  if (values.some((value) => value !== 'All')) faults.push(notSupported('dryRun', values, ['All']));
}

/** `kubectl/v1.32 (linux/amd64)` writes as `kubectl`. */
function managerOfUserAgent(agent: string): string {
  return agent.split('/', 1)[0]!.slice(0, MAX_MANAGER_LENGTH);
}
