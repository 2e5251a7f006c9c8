import type { KubeObject } from '@sluice/core';
import { fieldsOf, numberOf } from './common/index.js';
import { selectorText } from './common/selectors.js';

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
