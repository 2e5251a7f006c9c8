import { createHash } from 'node:crypto';
import type { Json } from '@sluice/core';
import { goJson } from '../go-json.js';
import { toJson } from '../node/json.js';
import { Scalar } from '../node/node.js';
import type { Resource } from '../resource/resource.js';
import type { ResourceList } from '../resource/resource-list.js';

/** Appends a hash of their content to the names of generated resources. */
export function addHashes(resources: ResourceList): void {
  for (const resource of resources.items) {
    if (!resource.needsHash) continue;
    const hash = contentHash(resource);
    resource.storePreviousId(resources.schema);
    resource.setName(`${resource.name}-${hash}`);
  }
  resources.changed();
}

const hashedFields: Readonly<Record<string, { always: readonly string[]; whenMapping: string }>> = {
  ConfigMap: { always: ['data'], whenMapping: 'binaryData' },
  Secret: { always: ['type', 'data'], whenMapping: 'stringData' },
};

function contentHash(resource: Resource): string {
  const { kind } = resource;
  const fields = Object.hasOwn(hashedFields, kind) ? hashedFields[kind] : undefined;
  if (fields === undefined) return encode(goJson(toJson(resource.root)));
  // The name is not part of the hash, but its place is.
  const hashed: Record<string, Json> = { kind, name: '' };
  for (const field of fields.always) hashed[field] = fieldValue(resource, field);
  if (resource.root.get(fields.whenMapping) instanceof Map) hashed[fields.whenMapping] = fieldValue(resource, fields.whenMapping);
  return encode(goJson(hashed));
}

function fieldValue(resource: Resource, field: string): Json {
  const node = resource.root.get(field);
  return node === undefined ? '' : node instanceof Scalar ? node.text : toJson(node);
}

/** Digits and vowels that could make up words, and what stands for them. */
const replacements: Readonly<Record<string, string>> = { '0': 'g', '1': 'h', '3': 'k', a: 'm', e: 't' };

function encode(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex').slice(0, 10);
  return hex.replace(/[013ae]/g, (digit) => replacements[digit] ?? digit);
}
