import type { FlagSpec } from '../command-line/index.js';
import { oneOf } from './key-flags.js';

const DEFAULT_COMPONENTS = 'source-controller,kustomize-controller,helm-controller,notification-controller';

/** The components, as `install`, `bootstrap` and `check` take them. */
export function componentFlags(extraUsage: string): readonly FlagSpec[] {
  return [
    { name: 'components', type: 'strings', usage: 'list of components, accepts comma-separated values', default: DEFAULT_COMPONENTS },
    { name: 'components-extra', type: 'strings', usage: `list of components in addition to those supplied or defaulted, ${extraUsage}` },
  ];
}

/** How `install` and `bootstrap` call what they have in common. */
interface Words {
  /** The controllers: `toolkit`. */
  readonly images: string;
  readonly pods: string;
  readonly networkPolicy: string;
  readonly watched: string;
}

/** What is installed, and how: the flags that `install` and `bootstrap` share. */
export function installFlags({ images, pods, networkPolicy, watched }: Words): readonly FlagSpec[] {
  return [
    ...componentFlags("accepts values such as 'image-reflector-controller,image-automation-controller,source-watcher'"),
    { name: 'cluster-domain', type: 'string', usage: 'internal cluster domain', default: 'cluster.local' },
    { name: 'force', type: 'bool', usage: "override existing Flux installation if it's managed by a different tool such as Helm" },
    {
      name: 'image-pull-secret',
      type: 'string',
      usage: `Kubernetes secret name used for pulling the ${images} images from a private registry`,
    },
    oneOf('log-level', 'log level', 'log level', ['debug', 'info', 'error'], 'info'),
    { name: 'manifests', type: 'string', usage: 'path to the manifest directory', hidden: true },
    {
      name: 'monitoring',
      type: 'bool',
      usage: 'alert rules, a PodMonitor and dashboards as well, for a cluster with the Prometheus operator and Grafana',
    },
    {
      name: 'multi-tenancy-lockdown',
      type: 'bool',
      usage:
        'keep tenants apart: no references across namespaces, no remote bases, and a service account of their own for all that they apply',
    },
    { name: 'network-policy', type: 'bool', usage: networkPolicy, default: 'true' },
    {
      name: 'registry',
      type: 'string',
      usage: `container registry where the ${images === 'controller' ? 'Flux controller' : images} images are published`,
      default: 'ghcr.io/fluxcd',
    },
    {
      name: 'registry-creds',
      type: 'string',
      usage: "container registry credentials in the format 'user:password', requires --image-pull-secret to be set",
    },
    { name: 'single', type: 'bool', usage: 'one Deployment with all controllers, for small clusters' },
    {
      name: 'toleration-keys',
      type: 'strings',
      usage: `list of toleration keys used to schedule the ${pods} pods onto nodes with matching taints`,
    },
    {
      name: 'version',
      shorthand: 'v',
      type: 'string',
      usage: 'toolkit version, when specified the manifests are downloaded from https://github.com/fluxcd/flux2/releases',
    },
    {
      name: 'watch-all-namespaces',
      type: 'bool',
      usage: `watch for custom resources in all namespaces, if set to false it will only watch the namespace where the ${watched} installed`,
      default: 'true',
    },
  ];
}
