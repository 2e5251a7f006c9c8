import { isJsonObject, type Json, type JsonObject } from '@sluice/core';

/**
 * A schema with the fields of another one that it lacks, at any depth, and with the rules for them. What both have stays as
 * it is here.
 */
export function widened(schema: JsonObject, by: JsonObject): JsonObject {
  return {
    ...schema,
    ...within('items', schema, by),
    ...within('additionalProperties', schema, by),
    ...propertiesOf(schema, by),
    ...rulesOf(schema, by),
  };
}

function within(key: string, { [key]: own }: JsonObject, { [key]: other }: JsonObject): JsonObject {
  return isJsonObject(own) && isJsonObject(other) ? { [key]: widened(own, other) } : {};
}

function propertiesOf({ properties: own }: JsonObject, { properties: other }: JsonObject): JsonObject {
  if (!isJsonObject(own) || !isJsonObject(other)) return {};
  const all = { ...own };
  for (const [name, field] of Object.entries(other)) {
    const mine = all[name];
    all[name] = isJsonObject(mine) && isJsonObject(field) ? widened(mine, field) : (mine ?? field);
  }
  return { properties: all };
}

const RULES = 'x-kubernetes-validations';

function rulesOf(schema: JsonObject, by: JsonObject): JsonObject {
  const own = listOf(schema[RULES]);
  const added = listOf(by[RULES]).filter((rule) => !own.some((mine) => textOf(mine) === textOf(rule)));
  return added.length === 0 ? {} : { [RULES]: [...own, ...added] };
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

const textOf = (rule: Json): Json | undefined => (isJsonObject(rule) ? rule['rule'] : undefined);
