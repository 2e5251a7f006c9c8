import { LEFTOVER_ANNOTATIONS, LEFTOVER_LABELS, type Leftovers } from '../apply/cleanup.js';
import { takenOverManagers } from '../apply/field-managers.js';
import { MANAGER, type KustomizationSettings } from './settings.js';

/** What Kustomizations clear objects of that other tools have left on them. */
export function leftoversOf({ overrideManagers }: KustomizationSettings): Leftovers {
  return { annotations: LEFTOVER_ANNOTATIONS, labels: LEFTOVER_LABELS, managers: takenOverManagers(MANAGER, overrideManagers) };
}
