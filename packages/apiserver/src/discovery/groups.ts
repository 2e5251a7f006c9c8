import { compareVersions } from '../registry/custom.js';
import type { Registry } from '../registry/registry.js';

/** The groups but the core one: the built-in ones in their order, then those of definitions. */
export function groupNames(registry: Registry): string[] {
  return [...new Set(registry.all().map(({ group }) => group))].filter((group) => group !== '');
}

/** A group's versions, the preferred one first. */
export function versionsOf(registry: Registry, group: string): string[] {
  const versions = [
    ...new Set(
      registry
        .all()
        .filter((resource) => resource.group === group)
        .map(({ version }) => version),
    ),
  ];
  return registry.isBuiltInGroup(group) ? versions : versions.sort(compareVersions);
}
