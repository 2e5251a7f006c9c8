import type { KubeObject } from '@sluice/core';
import { fieldsOf, mapOf, type Fields } from '../../kinds/index.js';
import { ownedBy } from './stage.js';

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
