// The fields that kustomize's transformers touch unless a kustomization says otherwise (see NOTICE).

/**
 * One list of field specs under each `[heading]`, in the order in which they are tried. A line names what it is about —
 * `Kind`, `group/version/Kind` with empty parts for "any", `*` for every kind — and then paths; `+` creates what is missing.
 * Under `[nameReference …]` stand the fields that hold the name of such an object.
 */
export const defaultFieldSpecs = `
[commonAnnotations]
Deployment +spec/template/metadata/annotations
StatefulSet +spec/template/metadata/annotations
batch//CronJob +spec/jobTemplate/metadata/annotations +spec/jobTemplate/spec/template/metadata/annotations
batch//Job +spec/template/metadata/annotations
/v1/ReplicationController +spec/template/metadata/annotations
DaemonSet +spec/template/metadata/annotations
ReplicaSet +spec/template/metadata/annotations
* +metadata/annotations

[commonLabels]
/v1/Service +spec/selector
apps//Deployment spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels
Deployment +spec/template/metadata/labels +spec/selector/matchLabels
apps//StatefulSet +spec/selector/matchLabels +spec/volumeClaimTemplates[]/metadata/labels spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels +spec/template/metadata/labels
batch//CronJob +spec/jobTemplate/metadata/labels +spec/jobTemplate/spec/template/metadata/labels spec/jobTemplate/spec/selector/matchLabels
policy//PodDisruptionBudget spec/selector/matchLabels
batch//Job spec/selector/matchLabels +spec/template/metadata/labels
networking.k8s.io//NetworkPolicy spec/egress/to/podSelector/matchLabels spec/ingress/from/podSelector/matchLabels spec/podSelector/matchLabels
/v1/ReplicationController +spec/template/metadata/labels +spec/selector
DaemonSet +spec/template/metadata/labels +spec/selector/matchLabels
ReplicaSet +spec/template/metadata/labels +spec/selector/matchLabels
* +metadata/labels

[images]
* +spec/containers[]/image +spec/initContainers[]/image +spec/volumes[]/image/reference +spec/template/spec/containers[]/image +spec/template/spec/initContainers[]/image +spec/template/spec/volumes[]/image/reference

[namePrefix]
* metadata/name

[nameReference storage.k8s.io/v1/StorageClass]
PersistentVolume spec/storageClassName
PersistentVolumeClaim spec/storageClassName
StatefulSet spec/volumeClaimTemplates/spec/storageClassName

[nameReference /v1/ServiceAccount]
rbac.authorization.k8s.io//RoleBinding subjects
rbac.authorization.k8s.io//ClusterRoleBinding subjects
Pod spec/serviceAccountName
StatefulSet spec/template/spec/serviceAccountName
Deployment spec/template/spec/serviceAccountName
ReplicationController spec/template/spec/serviceAccountName
CronJob spec/jobTemplate/spec/template/spec/serviceAccountName
Job spec/template/spec/serviceAccountName
DaemonSet spec/template/spec/serviceAccountName

[nameReference rbac.authorization.k8s.io//Role]
rbac.authorization.k8s.io//RoleBinding roleRef/name

[nameReference rbac.authorization.k8s.io//ClusterRole]
rbac.authorization.k8s.io//RoleBinding roleRef/name
rbac.authorization.k8s.io//ClusterRoleBinding roleRef/name

[nameReference /v1/ConfigMap]
/v1/Pod spec/volumes/configMap/name spec/containers/env/valueFrom/configMapKeyRef/name spec/initContainers/env/valueFrom/configMapKeyRef/name spec/containers/envFrom/configMapRef/name spec/initContainers/envFrom/configMapRef/name spec/volumes/projected/sources/configMap/name
PodTemplate template/spec/volumes/configMap/name template/spec/containers/env/valueFrom/configMapKeyRef/name template/spec/initContainers/env/valueFrom/configMapKeyRef/name template/spec/containers/envFrom/configMapRef/name template/spec/initContainers/envFrom/configMapRef/name template/spec/volumes/projected/sources/configMap/name
Deployment spec/template/spec/volumes/configMap/name spec/template/spec/containers/env/valueFrom/configMapKeyRef/name spec/template/spec/initContainers/env/valueFrom/configMapKeyRef/name spec/template/spec/containers/envFrom/configMapRef/name spec/template/spec/initContainers/envFrom/configMapRef/name spec/template/spec/volumes/projected/sources/configMap/name
ReplicaSet spec/template/spec/volumes/configMap/name spec/template/spec/containers/env/valueFrom/configMapKeyRef/name spec/template/spec/initContainers/env/valueFrom/configMapKeyRef/name spec/template/spec/containers/envFrom/configMapRef/name spec/template/spec/initContainers/envFrom/configMapRef/name spec/template/spec/volumes/projected/sources/configMap/name
DaemonSet spec/template/spec/volumes/configMap/name spec/template/spec/containers/env/valueFrom/configMapKeyRef/name spec/template/spec/initContainers/env/valueFrom/configMapKeyRef/name spec/template/spec/containers/envFrom/configMapRef/name spec/template/spec/initContainers/envFrom/configMapRef/name spec/template/spec/volumes/projected/sources/configMap/name
StatefulSet spec/template/spec/volumes/configMap/name spec/template/spec/containers/env/valueFrom/configMapKeyRef/name spec/template/spec/initContainers/env/valueFrom/configMapKeyRef/name spec/template/spec/containers/envFrom/configMapRef/name spec/template/spec/initContainers/envFrom/configMapRef/name spec/template/spec/volumes/projected/sources/configMap/name
Job spec/template/spec/volumes/configMap/name spec/template/spec/containers/env/valueFrom/configMapKeyRef/name spec/template/spec/initContainers/env/valueFrom/configMapKeyRef/name spec/template/spec/containers/envFrom/configMapRef/name spec/template/spec/initContainers/envFrom/configMapRef/name spec/template/spec/volumes/projected/sources/configMap/name
CronJob spec/jobTemplate/spec/template/spec/volumes/configMap/name spec/jobTemplate/spec/template/spec/volumes/projected/sources/configMap/name spec/jobTemplate/spec/template/spec/containers/env/valueFrom/configMapKeyRef/name spec/jobTemplate/spec/template/spec/initContainers/env/valueFrom/configMapKeyRef/name spec/jobTemplate/spec/template/spec/containers/envFrom/configMapRef/name spec/jobTemplate/spec/template/spec/initContainers/envFrom/configMapRef/name
Node spec/configSource/configMap
Role rules/resourceNames
ClusterRole rules/resourceNames
Ingress metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap

[nameReference /v1/Secret]
/v1/Pod spec/volumes/secret/secretName spec/containers/env/valueFrom/secretKeyRef/name spec/initContainers/env/valueFrom/secretKeyRef/name spec/containers/envFrom/secretRef/name spec/initContainers/envFrom/secretRef/name spec/imagePullSecrets/name spec/volumes/projected/sources/secret/name
PodTemplate template/spec/volumes/secret/secretName template/spec/containers/env/valueFrom/secretKeyRef/name template/spec/initContainers/env/valueFrom/secretKeyRef/name template/spec/containers/envFrom/secretRef/name template/spec/initContainers/envFrom/secretRef/name template/spec/imagePullSecrets/name template/spec/volumes/projected/sources/secret/name
Deployment spec/template/spec/volumes/secret/secretName spec/template/spec/containers/env/valueFrom/secretKeyRef/name spec/template/spec/initContainers/env/valueFrom/secretKeyRef/name spec/template/spec/containers/envFrom/secretRef/name spec/template/spec/initContainers/envFrom/secretRef/name spec/template/spec/imagePullSecrets/name spec/template/spec/volumes/projected/sources/secret/name
ReplicaSet spec/template/spec/volumes/secret/secretName spec/template/spec/containers/env/valueFrom/secretKeyRef/name spec/template/spec/initContainers/env/valueFrom/secretKeyRef/name spec/template/spec/containers/envFrom/secretRef/name spec/template/spec/initContainers/envFrom/secretRef/name spec/template/spec/imagePullSecrets/name spec/template/spec/volumes/projected/sources/secret/name
DaemonSet spec/template/spec/volumes/secret/secretName spec/template/spec/containers/env/valueFrom/secretKeyRef/name spec/template/spec/initContainers/env/valueFrom/secretKeyRef/name spec/template/spec/containers/envFrom/secretRef/name spec/template/spec/initContainers/envFrom/secretRef/name spec/template/spec/imagePullSecrets/name spec/template/spec/volumes/projected/sources/secret/name
StatefulSet spec/template/spec/volumes/secret/secretName spec/template/spec/containers/env/valueFrom/secretKeyRef/name spec/template/spec/initContainers/env/valueFrom/secretKeyRef/name spec/template/spec/containers/envFrom/secretRef/name spec/template/spec/initContainers/envFrom/secretRef/name spec/template/spec/imagePullSecrets/name spec/template/spec/volumes/projected/sources/secret/name
Job spec/template/spec/volumes/secret/secretName spec/template/spec/containers/env/valueFrom/secretKeyRef/name spec/template/spec/initContainers/env/valueFrom/secretKeyRef/name spec/template/spec/containers/envFrom/secretRef/name spec/template/spec/initContainers/envFrom/secretRef/name spec/template/spec/imagePullSecrets/name spec/template/spec/volumes/projected/sources/secret/name
CronJob spec/jobTemplate/spec/template/spec/volumes/secret/secretName spec/jobTemplate/spec/template/spec/volumes/projected/sources/secret/name spec/jobTemplate/spec/template/spec/containers/env/valueFrom/secretKeyRef/name spec/jobTemplate/spec/template/spec/initContainers/env/valueFrom/secretKeyRef/name spec/jobTemplate/spec/template/spec/containers/envFrom/secretRef/name spec/jobTemplate/spec/template/spec/initContainers/envFrom/secretRef/name spec/jobTemplate/spec/template/spec/imagePullSecrets/name
Ingress spec/tls/secretName metadata/annotations/ingress.kubernetes.io\\/auth-secret metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret spec/tls/secretName
ServiceAccount imagePullSecrets/name
StorageClass parameters/secretName parameters/adminSecretName parameters/userSecretName parameters/secretRef
Role rules/resourceNames
ClusterRole rules/resourceNames
serving.knative.dev/v1/Service spec/template/spec/containers/env/valueFrom/secretKeyRef/name
PersistentVolume spec/azureFile/secretName

[nameReference /v1/Service]
apps//StatefulSet spec/serviceName
Ingress spec/rules/http/paths/backend/serviceName spec/backend/serviceName spec/rules/http/paths/backend/service/name spec/defaultBackend/service/name
apiregistration.k8s.io//APIService spec/service/name
admissionregistration.k8s.io//ValidatingWebhookConfiguration webhooks/clientConfig/service
admissionregistration.k8s.io//MutatingWebhookConfiguration webhooks/clientConfig/service

[nameReference scheduling.k8s.io/v1/PriorityClass]
Pod spec/priorityClassName
StatefulSet spec/template/spec/priorityClassName
Deployment spec/template/spec/priorityClassName
ReplicationController spec/template/spec/priorityClassName
CronJob spec/jobTemplate/spec/template/spec/priorityClassName
Job spec/template/spec/priorityClassName
DaemonSet spec/template/spec/priorityClassName

[nameReference /v1/PersistentVolume]
PersistentVolumeClaim spec/volumeName
ClusterRole rules/resourceNames

[nameReference /v1/PersistentVolumeClaim]
Pod spec/volumes/persistentVolumeClaim/claimName
StatefulSet spec/template/spec/volumes/persistentVolumeClaim/claimName
Deployment spec/template/spec/volumes/persistentVolumeClaim/claimName
ReplicationController spec/template/spec/volumes/persistentVolumeClaim/claimName
CronJob spec/jobTemplate/spec/template/spec/volumes/persistentVolumeClaim/claimName
Job spec/template/spec/volumes/persistentVolumeClaim/claimName
DaemonSet spec/template/spec/volumes/persistentVolumeClaim/claimName

[nameReference Deployment]
HorizontalPodAutoscaler spec/scaleTargetRef/name

[nameReference StatefulSet]
HorizontalPodAutoscaler spec/scaleTargetRef/name

[nameReference admissionregistration.k8s.io//ValidatingAdmissionPolicy]
admissionregistration.k8s.io//ValidatingAdmissionPolicyBinding spec/policyName

[nameReference networking.k8s.io/v1/v1/IngressClass]
Ingress spec/ingressClassName

[nameReference ReplicaSet]
HorizontalPodAutoscaler spec/scaleTargetRef/name

[nameReference ReplicationController]
HorizontalPodAutoscaler spec/scaleTargetRef/name

[nameSuffix]
* metadata/name

[namespace]
Namespace +metadata/name
apiextensions.k8s.io//CustomResourceDefinition spec/conversion/webhook/clientConfig/service/namespace
apiregistration.k8s.io//APIService +spec/service/namespace

[replicas]
Deployment +spec/replicas
StatefulSet +spec/replicas
ReplicaSet +spec/replicas
ReplicationController +spec/replicas

[templateLabels]
Deployment +spec/template/metadata/labels
apps//StatefulSet +spec/template/metadata/labels +spec/volumeClaimTemplates[]/metadata/labels
batch//CronJob +spec/jobTemplate/metadata/labels +spec/jobTemplate/spec/template/metadata/labels
batch//Job +spec/template/metadata/labels
/v1/ReplicationController +spec/template/metadata/labels
DaemonSet +spec/template/metadata/labels
ReplicaSet +spec/template/metadata/labels
* +metadata/labels

[varReference]
Service spec/ports/port spec/ports/targetPort
PersistentVolume spec/nfs/server
Deployment spec/template/spec/initContainers/volumeMounts/mountPath spec/template/spec/initContainers/env/value spec/template/spec/initContainers/command spec/template/spec/initContainers/args spec/template/spec/containers/volumeMounts/mountPath spec/template/spec/containers/env/value spec/template/spec/volumes/nfs/server spec/template/metadata/annotations spec/template/spec/containers/command spec/template/spec/containers/args
StatefulSet spec/template/spec/containers/volumeMounts/mountPath spec/template/spec/containers/env/value spec/template/spec/initContainers/args spec/volumeClaimTemplates/spec/nfs/server spec/template/spec/initContainers/command spec/template/spec/containers/command spec/template/spec/containers/args spec/template/spec/initContainers/volumeMounts/mountPath spec/template/spec/initContainers/env/value
CronJob spec/jobTemplate/spec/template/spec/initContainers/env/value spec/jobTemplate/spec/template/spec/initContainers/command spec/jobTemplate/spec/template/spec/initContainers/args spec/jobTemplate/spec/template/spec/containers/volumeMounts/mountPath spec/jobTemplate/spec/template/spec/containers/env/value spec/jobTemplate/spec/template/spec/containers/command spec/jobTemplate/spec/template/spec/initContainers/volumeMounts/mountPath spec/jobTemplate/spec/template/volumes/nfs/server spec/jobTemplate/spec/template/spec/containers/args
DaemonSet spec/template/spec/containers/command spec/template/spec/volumes/nfs/server spec/template/spec/initContainers/volumeMounts/mountPath spec/template/spec/initContainers/env/value spec/template/spec/initContainers/command spec/template/spec/initContainers/args spec/template/spec/containers/volumeMounts/mountPath spec/template/spec/containers/env/value spec/template/spec/containers/args
Ingress spec/tls/secretName spec/tls/hosts spec/rules/host
Job spec/template/spec/initContainers/command spec/template/spec/volumes/nfs/server spec/template/spec/containers/args spec/template/spec/containers/command spec/template/spec/containers/env/value spec/template/spec/containers/volumeMounts/mountPath spec/template/spec/initContainers/args spec/template/spec/initContainers/env/value spec/template/spec/initContainers/volumeMounts/mountPath
Pod spec/containers/volumeMounts/mountPath spec/containers/args spec/initContainers/command spec/initContainers/env/value spec/initContainers/volumeMounts/mountPath spec/volumes/nfs/server spec/initContainers/args spec/containers/env/value spec/containers/command
ReplicaSet spec/template/spec/volumes/nfs/server spec/template/spec/containers/volumeMounts/mountPath spec/template/spec/containers/env/value spec/template/spec/containers/command spec/template/spec/containers/args spec/template/spec/initContainers/args spec/template/spec/initContainers/volumeMounts/mountPath spec/template/spec/initContainers/env/value spec/template/spec/initContainers/command
* metadata/labels metadata/annotations
`;
