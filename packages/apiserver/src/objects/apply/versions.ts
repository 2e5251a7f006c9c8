import type { KubeObject } from '@sluice/core';
import { builtinType } from '../types/builtin.js';
import { internal } from '../refusal.js';
import type { ObjectType } from '../types/object-type.js';
import { joinFaults, typeFaults } from './validate.js';

/** The versions of a kind: managers remember the version they wrote through, and their fields are fields of that version. */
export interface Versions {
  /** The type of the kind in a version; undefined when that version is not served any more. */
  typeOf(apiVersion: string): ObjectType | undefined;
  /** The object in another version. Without it only `apiVersion` changes, as with the conversion strategy None. */
  convert?(object: KubeObject, apiVersion: string): KubeObject;
}

/** The versions when a caller names none: those of a built-in kind, or the one version of a custom resource. */
export function versionsOf(type: ObjectType): Versions {
  if (type.custom) return { typeOf: (apiVersion) => (apiVersion === type.apiVersion ? type : undefined) };
  return { typeOf: (apiVersion) => builtinType(apiVersion, type.kind) };
}

export function convertTo(versions: Versions, object: KubeObject, apiVersion: string): KubeObject {
  if (object.apiVersion === apiVersion) return object;
  return versions.convert === undefined ? { ...object, apiVersion } : versions.convert(object, apiVersion);
}

/**
 * The object in the version of another manager, to compare what that one owns. Fails when the version does not have
 * all of the object's fields, as on the real server: ownership cannot be told then.
 */
export function typedIn(versions: Versions, object: KubeObject, type: ObjectType): KubeObject {
  const converted = convertTo(versions, object, type.apiVersion);
  if (!type.custom || converted === object) return converted;
  const faults = typeFaults(type.root, converted);
  if (faults.length > 0) throw internal(joinFaults(faults));
  return converted;
}
