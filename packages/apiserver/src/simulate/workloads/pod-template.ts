import type { KubeObject } from '@sluice/core';
import { fieldsOf, mapOf, type Fields } from '../../kinds/index.js';
import { ownedBy } from './stage.js';

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A short name for a template: equal templates have equal ones, whatever the order of their keys. */
export function templateHash(template: unknown): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(canonical(template))) {
    hash ^= byte;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return Array.from(String(hash), (digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`)
    .join()}}`;
}

/** A pod of a workload, as its template says. */
export function podOf(
  owner: KubeObject,
  template: Fields,
  more: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly spec?: Fields;
  } = {},
): KubeObject {
  const meta = fieldsOf(template['metadata']);
  const annotations = { ...mapOf(meta['annotations']), ...more.annotations };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: owner.metadata.namespace ?? '',
      ...(more.name === undefined ? { generateName: `${owner.metadata.name ?? ''}-` } : { name: more.name }),
      labels: { ...mapOf(meta['labels']), ...more.labels },
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ownerReferences: ownedBy(owner),
    },
    spec: { ...fieldsOf(template['spec']), ...more.spec },
  };
}

/** A template with more labels. */
export function withLabels(template: Fields, labels: Readonly<Record<string, string>>): Fields {
  const meta = fieldsOf(template['metadata']);
  return { ...template, metadata: { ...meta, labels: { ...mapOf(meta['labels']), ...labels } } };
}
