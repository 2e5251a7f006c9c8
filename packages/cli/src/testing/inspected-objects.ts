import type { KubeObject } from '@sluice/core';
import { parseYamlDocuments } from '@sluice/yaml';

/** What `version` reads from the images of `reference`, however they are named. */
export const REFERENCES = {
  'source-controller': 'ghcr.io/fluxcd/source-controller:v1.9.4',
  'kustomize-controller': `registry.example.com:5000/mirror/fluxcd/kustomize-controller:v1.9.2@sha256:${'a1'.repeat(32)}`,
  'helm-controller': 'helm-controller:v1.6.0',
} as const;

/** A Deployment as Flux's own manifests have them; its Pods may stay without a node. */
export function controllerDeployment(
  namespace: string,
  name: string,
  image: string,
  simulate?: 'Pending',
): KubeObject & { readonly spec: object } {
  const labels = { 'app.kubernetes.io/part-of': 'flux', 'app.kubernetes.io/component': name, 'control-plane': 'controller' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: {
          labels: { app: name, ...labels },
          ...(simulate === undefined ? {} : { annotations: { 'sluice.dev/simulate': simulate } }),
        },
        spec: { containers: [{ name: 'manager', image }] },
      },
    },
  };
}

/** Objects of many kinds and states, with their status, in the namespaces `shop` and `shop-sources`. */
export function inspectedObjects(now: number): readonly KubeObject[] {
  const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString().replace(/\.\d+/, '');
  return parseYamlDocuments(TEXT.replaceAll(/AGO\((\d+)\)/g, (_, seconds: string) => ago(Number(seconds)))).map(
    ({ value }) => value as unknown as KubeObject,
  );
}

const TEXT = `
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: shop}
spec: {interval: 1m, url: "https://git.example.com/fleet", ref: {branch: main}}
status:
  observedGeneration: 1
  conditions: [{type: Ready, status: "True", reason: Succeeded, message: "stored artifact for revision 'main@sha1:a94a8fe5ccb19ba61c4c0873d391e987982fbbd3'", lastTransitionTime: "2026-01-02T03:04:05Z"}]
  artifact: {path: p, url: "http://x/p", revision: "main@sha1:a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", lastUpdateTime: "2026-01-02T03:04:05Z", size: 1023}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: broken, namespace: shop-sources}
spec: {interval: 1m, url: "ssh://git@git.example.com/broken", ref: {semver: ">=1.0.0"}, suspend: true}
status:
  observedGeneration: 1
  conditions: [{type: Ready, status: "False", reason: GitOperationFailed, message: "failed to checkout\\nand determine revision", lastTransitionTime: "2026-01-02T03:04:05Z"}]
  artifact: {path: p, url: "http://x/p", revision: "v1.0.0@sha1:a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", lastUpdateTime: "2026-01-02T03:04:05Z", size: 1572864}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fresh, namespace: shop}
spec: {interval: 1m, url: "https://git.example.com/fresh"}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: manifests, namespace: shop}
spec: {interval: 1m, url: "oci://registry.example.com/manifests", ref: {digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}
status:
  observedGeneration: 1
  conditions: [{type: Ready, status: "True", reason: Succeeded, message: "stored artifact", lastTransitionTime: "2026-01-02T03:04:05Z"}]
  artifact:
    {path: p, url: "http://x/p", revision: "latest@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", lastUpdateTime: "2026-01-02T03:04:05Z", size: 1073741824, metadata: {org.opencontainers.image.source: "https://git.example.com/fleet", org.opencontainers.image.revision: "main@sha1:a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: tagged, namespace: shop}
spec: {interval: 1m, url: "oci://registry.example.com/tagged", ref: {semver: "1.x"}}
status:
  conditions: [{type: Ready, status: "False", reason: OCIPullFailed, message: "no such tag", lastTransitionTime: "2026-01-02T03:04:05Z"}]
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: shop}
spec: {interval: 5m, url: "https://charts.example.com"}
status:
  observedGeneration: 1
  conditions: [{type: Ready, status: "True", reason: Succeeded, message: "stored artifact", lastTransitionTime: "2026-01-02T03:04:05Z"}]
  artifact: {path: p, url: "http://x/p", revision: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", lastUpdateTime: "2026-01-02T03:04:05Z", size: 2048}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmChart
metadata: {name: shop-web, namespace: shop}
spec: {interval: 5m, chart: web, version: "1.x", sourceRef: {kind: HelmRepository, name: charts}}
status:
  observedGeneration: 1
  conditions: [{type: Ready, status: "True", reason: ChartPullSucceeded, message: "pulled 'web' chart with version '1.2.3'", lastTransitionTime: "2026-01-02T03:04:05Z"}]
  artifact: {path: p, url: "http://x/p", revision: "1.2.3", digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", lastUpdateTime: "2026-01-02T03:04:05Z", size: 100}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: ExternalArtifact
metadata: {name: made, namespace: shop}
spec: {sourceRef: {apiVersion: source.extensions.fluxcd.io/v1beta1, kind: ArtifactGenerator, name: maker, namespace: shop}}
status:
  conditions: [{type: Ready, status: "True", reason: Succeeded, message: "made", lastTransitionTime: "2026-01-02T03:04:05Z"}]
  artifact: {path: p, url: "http://x/p", revision: "latest@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", lastUpdateTime: "2026-01-02T03:04:05Z", size: 10}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: all, namespace: shop}
spec: {interval: 5m, prune: true, path: ./all, sourceRef: {kind: GitRepository, name: fleet}, targetNamespace: shop}
status:
  observedGeneration: 1
  lastAppliedRevision: "main@sha1:a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"
  conditions: [{type: Ready, status: "True", reason: ReconciliationSucceeded, message: "Applied revision: main@sha1:a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", lastTransitionTime: "2026-01-02T03:04:05Z"}]
  inventory:
    entries:
      - {id: _shop__Namespace, v: v1}
      - {id: shop_web_apps_Deployment, v: v1}
      - {id: shop_all_kustomize.toolkit.fluxcd.io_Kustomization, v: v1}
      - {id: shop_oci_kustomize.toolkit.fluxcd.io_Kustomization, v: v1}
      - {id: shop_web_helm.toolkit.fluxcd.io_HelmRelease, v: v2}
      - {id: shop_fleet_source.toolkit.fluxcd.io_GitRepository, v: v1}
      - {id: _system__reader_rbac.authorization.k8s.io_ClusterRole, v: v1}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: oci, namespace: shop}
spec: {interval: 5m, prune: true, sourceRef: {kind: OCIRepository, name: manifests}}
status:
  conditions: [{type: Ready, status: "False", reason: BuildFailed, message: "kustomize build failed", lastTransitionTime: "2026-01-02T03:04:05Z"}]
  inventory:
    entries:
      - {id: shop_oci-made__ConfigMap, v: v1}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: elsewhere, namespace: shop}
spec: {interval: 5m, prune: true, sourceRef: {kind: GitRepository, name: broken, namespace: shop-sources}, suspend: true}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: external, namespace: shop}
spec: {interval: 5m, prune: true, sourceRef: {kind: ExternalArtifact, name: made}}
status:
  inventory:
    entries:
      - {id: shop_missing_kustomize.toolkit.fluxcd.io_Kustomization, v: v1}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: sourceless, namespace: shop}
spec: {interval: 5m, prune: true, sourceRef: {kind: GitRepository, name: nowhere}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec: {interval: 5m, targetNamespace: shop, chart: {spec: {chart: web, version: "1.x", sourceRef: {kind: HelmRepository, name: charts}}}}
status:
  observedGeneration: 1
  helmChart: shop/shop-web
  storageNamespace: shop
  lastAttemptedRevision: 1.2.3
  conditions: [{type: Ready, status: "True", reason: InstallSucceeded, message: "Helm install succeeded", lastTransitionTime: "2026-01-02T03:04:05Z"}]
  history: [{chartName: web, chartVersion: 1.2.3, configDigest: "sha256:e3b0", digest: "sha256:e3b0", firstDeployed: "2026-01-02T03:04:05Z", lastDeployed: "2026-01-02T03:04:05Z", name: web, namespace: shop, status: deployed, version: 1}]
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: by-ref, namespace: shop}
spec: {interval: 5m, chartRef: {kind: OCIRepository, name: tagged}, suspend: true}
status:
  conditions: [{type: Ready, status: Unknown, reason: Progressing, message: "working", lastTransitionTime: "2026-01-02T03:04:05Z"}]
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: from-git, namespace: shop}
spec: {interval: 5m, chart: {spec: {chart: ./web, sourceRef: {kind: GitRepository, name: broken, namespace: shop-sources}}}}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {name: chat, namespace: shop}
spec: {type: generic, address: "https://chat.example.com"}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: all, namespace: shop}
spec: {providerRef: {name: chat}, eventSources: [{kind: Kustomization, name: "*"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {kustomize.toolkit.fluxcd.io/name: all, kustomize.toolkit.fluxcd.io/namespace: shop}}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: x}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: oci-made, namespace: shop, labels: {kustomize.toolkit.fluxcd.io/name: oci, kustomize.toolkit.fluxcd.io/namespace: shop}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: of-external, namespace: shop, labels: {kustomize.toolkit.fluxcd.io/name: external, kustomize.toolkit.fluxcd.io/namespace: shop}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: of-elsewhere, namespace: shop, labels: {kustomize.toolkit.fluxcd.io/name: elsewhere, kustomize.toolkit.fluxcd.io/namespace: shop}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: of-sourceless, namespace: shop, labels: {kustomize.toolkit.fluxcd.io/name: sourceless, kustomize.toolkit.fluxcd.io/namespace: shop}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: of-nobody, namespace: shop, labels: {kustomize.toolkit.fluxcd.io/name: nobody, kustomize.toolkit.fluxcd.io/namespace: shop}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: released, namespace: shop, labels: {helm.toolkit.fluxcd.io/name: web, helm.toolkit.fluxcd.io/namespace: shop}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: released-by-ref, namespace: shop, labels: {helm.toolkit.fluxcd.io/name: by-ref, helm.toolkit.fluxcd.io/namespace: shop}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: released-from-git, namespace: shop, labels: {helm.toolkit.fluxcd.io/name: from-git, helm.toolkit.fluxcd.io/namespace: shop}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: unmanaged, namespace: shop}
---
apiVersion: v1
kind: Event
metadata: {name: ks, namespace: shop}
involvedObject: {apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, name: all, namespace: shop}
reason: ReconciliationSucceeded
message: "Reconciliation finished in 1s,\\nnext run in 5m"
type: Normal
count: 1
firstTimestamp: AGO(7215)
lastTimestamp: AGO(7215)
source: {component: kustomize-controller}
---
apiVersion: v1
kind: Event
metadata: {name: git, namespace: shop}
involvedObject: {apiVersion: source.toolkit.fluxcd.io/v1, kind: GitRepository, name: fleet, namespace: shop}
reason: GitOperationFailed
message: "failed to checkout"
type: Warning
count: 12
firstTimestamp: AGO(720100)
lastTimestamp: AGO(3700)
source: {component: source-controller}
---
apiVersion: v1
kind: Event
metadata: {name: chart, namespace: shop}
involvedObject: {apiVersion: source.toolkit.fluxcd.io/v1, kind: HelmChart, name: shop-web, namespace: shop}
reason: ChartPullSucceeded
message: "pulled"
type: Normal
count: 1
firstTimestamp: AGO(36100)
lastTimestamp: AGO(36100)
source: {component: source-controller}
---
apiVersion: v1
kind: Event
metadata: {name: repository, namespace: shop}
involvedObject: {apiVersion: source.toolkit.fluxcd.io/v1, kind: HelmRepository, name: charts, namespace: shop}
reason: Succeeded
message: "fetched"
type: Normal
count: 1
firstTimestamp: AGO(90000)
lastTimestamp: AGO(90000)
source: {component: source-controller}
---
apiVersion: v1
kind: Event
metadata: {name: far, namespace: shop-sources}
involvedObject: {apiVersion: source.toolkit.fluxcd.io/v1, kind: GitRepository, name: broken, namespace: shop-sources}
reason: GitOperationFailed
message: "far away"
type: Warning
eventTime: "2026-01-02T03:04:05.000006Z"
action: Fetch
reportingComponent: source-controller
reportingInstance: source-controller
series: {count: 5, lastObservedTime: "2026-01-02T05:04:05.000006Z"}
---
apiVersion: v1
kind: Event
metadata: {name: provider, namespace: shop}
involvedObject: {apiVersion: notification.toolkit.fluxcd.io/v1beta3, kind: Provider, name: chat, namespace: shop}
reason: Sent
message: "sent"
type: Normal
count: 1
firstTimestamp: AGO(100000)
lastTimestamp: AGO(100000)
source: {component: notification-controller}
---
apiVersion: v1
kind: Event
metadata: {name: pod, namespace: shop}
involvedObject: {apiVersion: v1, kind: Pod, name: web, namespace: shop}
reason: Started
message: "not of Flux"
type: Normal
count: 1
firstTimestamp: AGO(5000)
lastTimestamp: AGO(5000)
source: {component: kubelet}
`;
