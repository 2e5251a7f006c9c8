import type { KubeObject } from '@sluice/core';
import type { Stored } from '../store/stored.js';
import type { Resource } from './resource.js';

/** The text of a stored object in the version that a resource serves. Mostly that is the stored text itself. */
export function servedText(stored: Stored, resource: Resource): string {
  if (!isAsServed(stored, resource)) return JSON.stringify(resource.convert(stored.object));
  return stored.apiVersion === resource.apiVersion ? stored.text : stored.textAs(resource.head);
}

export function servedObject(stored: Stored, resource: Resource): KubeObject {
  if (!isAsServed(stored, resource)) return resource.convert(stored.object);
  return stored.apiVersion === resource.apiVersion ? stored.object : { ...stored.object, apiVersion: resource.apiVersion };
}

/** Whether an object needs another apiVersion at most. */
function isAsServed(stored: Stored, { apiVersion, custom }: Resource): boolean {
  if (custom === undefined) return stored.apiVersion === apiVersion;
  return stored.revision >= custom.schemaRevision && (stored.apiVersion === apiVersion || custom.uniformSchema);
}
