import type { KubeObject } from '@sluice/core';
import { fieldsOf, isSet, itemsOf, mapOf, numberOf, stringsOf, textOf } from './common/index.js';

/** The autoscaling/v1 Scale of a Deployment, ReplicaSet, StatefulSet or ReplicationController. */
export function scaleOf(object: KubeObject): KubeObject {
  const spec = fieldsOf(object['spec']);
  const status = fieldsOf(object['status']);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = selectorText(object.kind === 'ReplicationController' ? { matchLabels: spec['selector'] } : spec['selector']);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    spec: numberOf(spec['replicas']) === 0 ? {} : { replicas: numberOf(spec['replicas']) },
    status: { replicas: numberOf(status['replicas']), ...(selector !== '' && { selector }) },
  };
}

/** A label selector as people type it: `a=b,c in (d,e),!f`. */
function selectorText(selector: unknown): string {
  if (!isSet(selector)) return '';
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  const parts = Object.entries(mapOf(matchLabels)).map(([key, value]): [string, string] => [key, `${key}=${value}`]);
  for (const expression of itemsOf(matchExpressions)) {
    const key = textOf(expression['key']);
    const values = [...stringsOf(expression['values'])].sort().join(',');
    switch (textOf(expression['operator'])) {
      case 'In':
        parts.push([key, `${key} in (${values})`]);
        break;
      case 'NotIn':
        parts.push([key, `${key} notin (${values})`]);
        break;
      case 'Exists':
        parts.push([key, key]);
        break;
      default:
        parts.push([key, `!${key}`]);
    }
  }
  return parts
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join(',');
}
