import { Refusal, type RefusalCause } from '../refusal.js';
import type { FieldSet } from './field-set.js';
import type { Manager } from './managed-fields.js';
import { type PathElement, showPath } from './path-element.js';

/** A field that another manager owns with another value. */
export interface Conflict {
  readonly managerId: string;
  readonly manager: Manager;
  readonly path: readonly PathElement[];
}

/** The 409 of an apply that would change what others own. */
export class ApplyConflict extends Refusal {
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    const causes = conflicts.map(({ manager, path }): RefusalCause => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${showManager(manager)}`,
      field: showPath(path),
    }));
    super(409, 'Conflict', conflictMessage(conflicts), causes);
    this.conflicts = conflicts;
  }

  /** The same, of managers that wrote through another version. */
  under(apiVersion: string): ApplyConflict {
    return new ApplyConflict(this.conflicts.map((conflict) => ({ ...conflict, manager: { ...conflict.manager, apiVersion } })));
  }
}

export function conflictsOf(fields: FieldSet, managerId: string, manager: Manager): Conflict[] {
  const conflicts: Conflict[] = [];
  fields.forEach((path) => conflicts.push({ managerId, manager, path }));
  return conflicts;
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${showManager(first.manager)}: ${showPath(first.path)}`;
  }
  const lines: string[] = [];
  for (const id of [...new Set(conflicts.map(({ managerId }) => managerId))].sort()) {
    const own = conflicts.filter(({ managerId }) => managerId === id);
    lines.push(`conflicts with ${showManager((own[0] as Conflict).manager)}:`, ...own.map(({ path }) => `- ${showPath(path)}`));
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

/** Only Update managers are shown with the version they wrote through. */
function showManager({ manager, subresource, operation, apiVersion }: Manager): string {
  const name = `${JSON.stringify(manager)}${subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`}`;
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
