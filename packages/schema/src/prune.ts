import { isJsonObject, setOwn } from '@sluice/core';
import type { SchemaNode } from './node.js';

export interface PruneOptions {
  /** The schema is that of a whole object, whose `apiVersion`, `kind` and `metadata` are known to all. */
  readonly isResource?: boolean;
}

/**
 * A value without what its schema does not know, and the paths of that, sorted. Shares what does not change with the
 * original; the very same value when nothing is unknown.
 */
export function pruneValue(
  schema: SchemaNode,
  value: unknown,
  { isResource = false }: PruneOptions = {},
): { value: unknown; unknown: string[] } {
  const unknown: string[] = [];
  const pruned = prune(isResource && !schema.embedded ? { ...schema, embedded: true } : schema, value, '', unknown);
  return { value: pruned, unknown: unknown.sort() };
}

const metaFields = new Set(['apiVersion', 'kind', 'metadata']);

function prune(schema: SchemaNode | undefined, value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    let changed = false;
    const items = value.map((item, index) => {
      const below = prune(
        schema?.preserveUnknown === true && schema.items === undefined ? anything : schema?.items,
        item,
        `${path}[${index}]`,
        unknown,
      );
      changed ||= below !== item;
      return below;
    });
    return changed ? items : value;
  }
  if (!isJsonObject(value) || schema === anything) return value;
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    if (schema?.embedded === true && metaFields.has(key)) continue;
    const known = schema?.properties.get(key) ?? (typeof schema?.additional === 'object' ? schema.additional : undefined);
    const below = path === '' ? key : `${path}.${key}`;
    if (known !== undefined) {
      const before = value[key];
      const after = prune(known, before, below, unknown);
      if (after === before) continue;
      out ??= { ...value };
      setOwn(out, key, after);
    } else if (schema?.preserveUnknown !== true && schema?.additional !== true) {
      if (!metaFields.has(key) || path !== '') unknown.push(below);
      out ??= { ...value };
      delete out[key];
    }
  }
  return out ?? value;
}

/** What is under data that is kept whatever it is. */
const anything: SchemaNode = {
  type: undefined,
  intOrString: false,
  nullable: true,
  preserveUnknown: true,
  embedded: false,
  properties: new Map(),
  additional: true,
  items: undefined,
  default: undefined,
  required: [],
  listType: undefined,
  listMapKeys: [],
  mapType: undefined,
  checks: undefined,
  rules: [],
  hasRules: false,
  hasDefaults: false,
};
