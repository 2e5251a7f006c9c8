import { deepEqual, isJsonObject, setOwn, type Json, type JsonObject } from '@sluice/core';

/** The JSON merge patch (RFC 7386) that makes one object of the other; undefined when they are equal. Lists are replaced whole. */
export function createMergePatch(from: object, to: object): JsonObject | undefined {
  return patchOf(from as Record<string, unknown>, to as Record<string, unknown>);
}

function patchOf(from: Record<string, unknown>, to: Record<string, unknown>): JsonObject | undefined {
  const patch: Record<string, Json> = {};
  for (const key of Object.keys(to)) {
    const value = to[key];
    // A null can't be written by a merge patch: there it means absence.
    if (value === undefined || value === null) continue;
    const old = Object.hasOwn(from, key) ? from[key] : undefined;
    if (isJsonObject(value) && isJsonObject(old)) {
      const inner = patchOf(old, value);
      if (inner !== undefined) setOwn(patch, key, inner);
    } else if (!deepEqual(old, value)) {
      setOwn(patch, key, isJsonObject(value) ? (patchOf({}, value) ?? {}) : (value as Json));
    }
  }
  for (const key of Object.keys(from)) {
    const gone = !Object.hasOwn(to, key) || to[key] === undefined || to[key] === null;
    if (gone && from[key] !== undefined && from[key] !== null) setOwn(patch, key, null);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
