import { deepEqual, isJsonObject, setOwn, type Json, type JsonObject, type KubeObject } from '@sluice/core';

/**
 * An object as an update without server-side apply leaves it: what the release sets is set, what it set before and does
 * not any more goes, what others have set stays. Elements of lists are known by the field that tells them apart.
 * Undefined when nothing changes.
 */
export function mergedUpdate(original: KubeObject, target: KubeObject, existing: KubeObject): KubeObject | undefined {
  const merged = mergeObject(asJson(original), asJson(target), asJson(existing)) as unknown as KubeObject;
  return deepEqual(merged, existing) ? undefined : merged;
}

function asJson(object: KubeObject): JsonObject {
  return object as unknown as JsonObject;
}

function mergeObject(original: JsonObject, target: JsonObject, existing: JsonObject): JsonObject {
  const merged: { [key: string]: Json } = { ...existing };
  for (const key of Object.keys(original)) if (!Object.hasOwn(target, key)) delete merged[key];
  for (const [key, value] of Object.entries(target)) {
    // In values of a patch, null takes a field away.
    if (value === null) delete merged[key];
    else setOwn(merged, key, mergeValue(own(original, key), value, own(existing, key)));
  }
  return merged;
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function mergeValue(original: Json | undefined, target: Json, existing: Json | undefined): Json {
  if (isJsonObject(target) && isJsonObject(existing)) return mergeObject(isJsonObject(original) ? original : {}, target, existing);
  if (Array.isArray(target) && Array.isArray(existing)) return mergeList(Array.isArray(original) ? original : [], target, existing);
  return target;
}

/** What elements of lists are told apart by, the first that all of them have. */
const KEYS = ['name', 'containerPort', 'port', 'mountPath', 'devicePath', 'ip', 'topologyKey', 'type', 'uid'];

function mergeList(original: readonly Json[], target: readonly Json[], existing: readonly Json[]): Json {
  const key = KEYS.find((candidate) => isKeyOf(candidate, target) && isKeyOf(candidate, existing));
  if (key === undefined) return target;
  const byKey = (list: readonly Json[]): Map<Json | undefined, JsonObject> =>
    new Map(list.flatMap((item) => (isJsonObject(item) ? [[own(item, key), item] as const] : [])));
  const [before, there, wanted] = [byKey(original), byKey(existing), byKey(target)];
  const merged = [...wanted].map(([id, item]) => {
    const present = there.get(id);
    return present === undefined ? item : mergeObject(before.get(id) ?? {}, item, present);
  });
  const others = [...there].filter(([id]) => !wanted.has(id) && !before.has(id)).map(([, item]) => item);
  return [...merged, ...others];
}

function isKeyOf(key: string, list: readonly Json[]): boolean {
  const ids = list.map((item) => (isJsonObject(item) ? own(item, key) : undefined));
  return ids.length > 0 && ids.every((id) => id !== undefined) && new Set(ids).size === ids.length;
}
