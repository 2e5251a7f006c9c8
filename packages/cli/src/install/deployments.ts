import type { KubeObject } from '@sluice/core';
import { SLUICE_VERSION } from '../versions.js';
import type { Component } from './components.js';
import { installationLabels } from './labels.js';
import type { InstallOptions } from './options.js';

/** The name of the Deployment that holds all controllers. */
export const SINGLE = 'sluice';

/** The ports of a container, by what they are for. */
export const PORTS = { artifacts: 9090, events: 9090, eventsOfSingle: 9091, webhooks: 9292, metrics: 8080, health: 9440 } as const;

/** Git leaves processes behind when its time is up; in a container nobody else would end them. */
const COMMAND = ['tini', '--', 'sluice', 'controller'] as const;

interface Account {
  readonly account: string;
  readonly component: string;
  /** Whether it applies what others wrote. */
  readonly applies: boolean;
}

const APPLIERS: ReadonlySet<string> = new Set(['kustomize-controller', 'helm-controller']);

/** The ServiceAccounts that the controllers run as. */
export function accountsOf({ components, single }: InstallOptions): readonly Account[] {
  return single
    ? [{ account: SINGLE, component: SINGLE, applies: components.some(({ name }) => APPLIERS.has(name)) }]
    : components.map(({ name }) => ({ account: name, component: name, applies: APPLIERS.has(name) }));
}

/** The names of the Deployments of an installation. */
export function deploymentNames({ components, single }: Pick<InstallOptions, 'components' | 'single'>): readonly string[] {
  return single ? [SINGLE] : components.map(({ name }) => name);
}

/** One Deployment for each component, or one for all. */
export function deploymentsOf(options: InstallOptions): readonly KubeObject[] {
  return options.single ? [singleDeployment(options)] : options.components.map((component) => deployment(component, options));
}

function deployment(component: Component, options: InstallOptions): KubeObject {
  const { name, servesArtifacts, takesEvents, graceSeconds } = component;
  const hasNotification = options.components.some((each) => each.takesEvents === true);
  const args = [
    // First as with Flux, whose users replace them by their place.
    ...(takesEvents === true ? [] : [`--events-addr=${hasNotification ? eventsAddress(options) : ''}`]),
    ...commonArgs(options),
    ...(servesArtifacts === true
      ? ['--storage-path=/data', `--storage-adv-addr=${name}.$(RUNTIME_NAMESPACE).svc.${options.clusterDomain}.`]
      : []),
    ...(options.lockdown ? component.lockdown : []),
  ];
  return deploymentObject(options, {
    name,
    command: [...COMMAND, name],
    args,
    graceSeconds,
    ports: [
      ...(servesArtifacts === true ? [port('http', PORTS.artifacts)] : []),
      ...(takesEvents === true ? [port('http', PORTS.events), port('http-webhook', PORTS.webhooks)] : []),
    ],
    // Notifications come late while it is away, nothing stands still.
    isCritical: takesEvents !== true,
    memory: '96Mi',
  });
}

function singleDeployment(options: InstallOptions): KubeObject {
  const names = options.components.map(({ name }) => name);
  return deploymentObject(options, {
    name: SINGLE,
    command: COMMAND,
    args: [
      `--components=${names.join(',')}`,
      ...commonArgs(options),
      '--storage-path=/data',
      `--storage-adv-addr=source-controller.$(RUNTIME_NAMESPACE).svc.${options.clusterDomain}.`,
      ...(options.lockdown ? new Set(options.components.flatMap(({ lockdown }) => lockdown)) : []),
    ],
    graceSeconds: Math.max(...options.components.map(({ graceSeconds }) => graceSeconds)),
    ports: [port('http', PORTS.artifacts), port('http-events', PORTS.eventsOfSingle), port('http-webhook', PORTS.webhooks)],
    isCritical: true,
    memory: '160Mi',
  });
}

function commonArgs({ watchAllNamespaces, logLevel }: InstallOptions): string[] {
  return [`--watch-all-namespaces=${watchAllNamespaces}`, `--log-level=${logLevel}`, '--log-encoding=json', '--enable-leader-election'];
}

function eventsAddress({ namespace, clusterDomain }: InstallOptions): string {
  return `http://notification-controller.${namespace}.svc.${clusterDomain}./`;
}

interface Shape {
  readonly name: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly graceSeconds: number;
  readonly ports: readonly object[];
  readonly isCritical: boolean;
  readonly memory: string;
}

function deploymentObject(options: InstallOptions, shape: Shape): KubeObject {
  const { namespace, registry, imagePullSecret, tolerationKeys } = options;
  const { name } = shape;
  const labels = { 'app.kubernetes.io/component': name, ...installationLabels(options) };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/component': name, 'control-plane': 'controller' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      // The next one can't serve what the one before still writes.
      strategy: { type: 'Recreate' },
      template: {
        metadata: {
          annotations: { 'prometheus.io/port': String(PORTS.metrics), 'prometheus.io/scrape': 'true' },
          labels: { app: name, ...labels },
        },
        spec: {
          serviceAccountName: name,
          terminationGracePeriodSeconds: shape.graceSeconds,
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          securityContext: { fsGroup: 1337 },
          ...(shape.isCritical ? { priorityClassName: 'system-cluster-critical' } : {}),
          ...(imagePullSecret === '' ? {} : { imagePullSecrets: [{ name: imagePullSecret }] }),
          ...(tolerationKeys.length === 0 ? {} : { tolerations: tolerationKeys.map((key) => ({ key, operator: 'Exists' })) }),
          containers: [containerOf(registry, shape)],
          volumes: ['data', 'tmp'].map((volume) => ({ name: volume, emptyDir: {} })),
        },
      },
    },
  };
}

function containerOf(registry: string, { command, args, ports, memory }: Shape): object {
  return {
    name: 'manager',
    image: `${registry}/sluice:v${SLUICE_VERSION}`,
    imagePullPolicy: 'IfNotPresent',
    command,
    args,
    env: [{ name: 'RUNTIME_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }],
    ports: [...ports, port('http-prom', PORTS.metrics), port('healthz', PORTS.health)],
    livenessProbe: { httpGet: { path: '/healthz', port: 'healthz' } },
    readinessProbe: { httpGet: { path: '/readyz', port: 'healthz' } },
    resources: { limits: { cpu: '1000m', memory: '1Gi' }, requests: { cpu: '100m', memory } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: 'data', mountPath: '/data' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

function port(name: string, containerPort: number): object {
  return { name, containerPort, protocol: 'TCP' };
}
