import { groupOf, type KubeObject } from '@sluice/core';
import { at, defaults, isSet, pipe, within, withField, zeroDefaults } from './common/index.js';
import { segmentNames } from './common/names.js';
import type { KindRules } from './context.js';
import { configMap, secret } from './core/config.js';
import { event, eventsEvent } from './core/event.js';
import { limitRange, resourceQuota } from './core/limits.js';
import { namespace } from './core/namespace.js';
import { node } from './core/node.js';
import { endpoints, endpointSlice } from './network/endpoints.js';
import { ingress, ingressClass } from './network/ingress.js';
import { networkPolicy } from './network/network-policy.js';
import { service } from './network/service.js';
import { pod, podTemplate, serviceAccount } from './pod/pod.js';
import { apiService, mutatingWebhooks, validatingPolicy, validatingPolicyBinding, validatingWebhooks } from './policy/admission.js';
import { autoscaler, autoscalerV1 } from './policy/autoscaler.js';
import { lease, podDisruptionBudget, priorityClass } from './policy/disruption-budget.js';
import { clusterRole, clusterRoleBinding, role, roleBinding } from './policy/rbac.js';
import { persistentVolumeClaim } from './storage/claim.js';
import { persistentVolume, storageClass } from './storage/volume.js';
import { cronJob } from './workloads/cron-job.js';
import { daemonSet } from './workloads/daemon-set.js';
import { deployment, replicaSet } from './workloads/deployment.js';
import { job } from './workloads/job.js';
import { replicationController } from './workloads/replication-controller.js';
import { statefulSet } from './workloads/stateful-set.js';
import { immutable } from './common/meta.js';

/** Rules by group and kind; by version, too, where versions differ. */
const rules = new Map<string, KindRules>([
  ['/ConfigMap', configMap],
  ['/Secret', secret],
  ['/Namespace', namespace],
  ['/ServiceAccount', serviceAccount],
  ['/Service', service],
  ['/Endpoints', endpoints],
  ['/Pod', pod],
  ['/PodTemplate', podTemplate],
  ['/ReplicationController', replicationController],
  ['/Event', event],
  ['/LimitRange', limitRange],
  ['/ResourceQuota', resourceQuota],
  ['/Node', node],
  ['/PersistentVolume', persistentVolume],
  ['/PersistentVolumeClaim', persistentVolumeClaim],
  ['apps/Deployment', deployment],
  ['apps/ReplicaSet', replicaSet],
  ['apps/StatefulSet', statefulSet],
  ['apps/DaemonSet', daemonSet],
  [
    'apps/ControllerRevision',
    {
      namespaced: true,
      validateUpdate: (next, live, faults) => void immutable(next['data'], live['data'], faults, 'data'),
      revalidate: true,
    },
  ],
  ['batch/Job', job],
  ['batch/CronJob', cronJob],
  ['networking.k8s.io/Ingress', ingress],
  ['networking.k8s.io/IngressClass', ingressClass],
  ['networking.k8s.io/NetworkPolicy', networkPolicy],
  ['networking.k8s.io/IPAddress', { namespaced: false }],
  ['networking.k8s.io/ServiceCIDR', { namespaced: false, hasStatus: true }],
  ['discovery.k8s.io/EndpointSlice', endpointSlice],
  ['events.k8s.io/Event', eventsEvent],
  ['rbac.authorization.k8s.io/Role', role],
  ['rbac.authorization.k8s.io/ClusterRole', clusterRole],
  ['rbac.authorization.k8s.io/RoleBinding', roleBinding],
  ['rbac.authorization.k8s.io/ClusterRoleBinding', clusterRoleBinding],
  ['policy/PodDisruptionBudget', podDisruptionBudget],
  ['scheduling.k8s.io/PriorityClass', priorityClass],
  ['coordination.k8s.io/Lease', lease],
  ['autoscaling/v1/HorizontalPodAutoscaler', autoscalerV1],
  ['autoscaling/HorizontalPodAutoscaler', autoscaler],
  ['admissionregistration.k8s.io/ValidatingWebhookConfiguration', validatingWebhooks],
  ['admissionregistration.k8s.io/MutatingWebhookConfiguration', mutatingWebhooks],
  ['admissionregistration.k8s.io/ValidatingAdmissionPolicy', validatingPolicy],
  ['admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding', validatingPolicyBinding],
  ['apiregistration.k8s.io/APIService', apiService],
  ['storage.k8s.io/StorageClass', storageClass],
  [
    'storage.k8s.io/CSIDriver',
    {
      namespaced: false,
      generation: ['spec'],
      defaults: within(
        'spec',
        pipe(
          defaults({
            attachRequired: true,
            podInfoOnMount: false,
            storageCapacity: false,
            fsGroupPolicy: 'ReadWriteOnceWithFSType',
            requiresRepublish: false,
            seLinuxMount: false,
          }),
          (spec) => (isSet(spec['volumeLifecycleModes']) ? spec : withField(spec, 'volumeLifecycleModes', ['Persistent'])),
        ),
      ),
    },
  ],
  ['storage.k8s.io/CSINode', { namespaced: false }],
  ['storage.k8s.io/CSIStorageCapacity', { namespaced: true }],
  ['storage.k8s.io/VolumeAttachment', { namespaced: false, hasStatus: true }],
  ['storage.k8s.io/VolumeAttributesClass', { namespaced: false }],
  ['node.k8s.io/RuntimeClass', { namespaced: false }],
  ['certificates.k8s.io/CertificateSigningRequest', { namespaced: false, hasStatus: true, names: segmentNames }],
  [
    'flowcontrol.apiserver.k8s.io/FlowSchema',
    {
      namespaced: false,
      hasStatus: true,
      generation: ['spec'],
      defaults: within('spec', zeroDefaults({ matchingPrecedence: 1000 })),
    },
  ],
  [
    'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
    {
      namespaced: false,
      hasStatus: true,
      generation: ['spec'],
      defaults: within(
        'spec',
        pipe(
          at('exempt', defaults({ nominalConcurrencyShares: 0, lendablePercent: 0 })),
          at(
            'limited',
            pipe(
              defaults({ nominalConcurrencyShares: 30, lendablePercent: 0 }),
              within('limitResponse', at('queuing', zeroDefaults({ handSize: 8, queues: 64, queueLengthLimit: 50 }))),
            ),
          ),
        ),
      ),
    },
  ],
  ['resource.k8s.io/DeviceClass', { namespaced: false, generation: ['spec'] }],
  ['resource.k8s.io/ResourceClaim', { namespaced: true, hasStatus: true }],
  ['resource.k8s.io/ResourceClaimTemplate', { namespaced: true }],
  ['resource.k8s.io/ResourceSlice', { namespaced: false, generation: ['spec'] }],
]);

/** What is known about an object's kind; undefined for custom resources. */
export function rulesOf({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): KindRules | undefined {
  return rules.get(`${apiVersion}/${kind}`) ?? rules.get(`${groupOf(apiVersion)}/${kind}`);
}
