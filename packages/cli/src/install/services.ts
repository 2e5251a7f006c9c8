import type { KubeObject } from '@sluice/core';
import { SINGLE } from './deployments.js';
import type { InstallOptions } from './options.js';

/** The app that takes events and webhooks; undefined when none does. */
export function eventTaker({ components, single }: InstallOptions): string | undefined {
  const taker = components.find(({ takesEvents }) => takesEvents === true);
  return taker === undefined ? undefined : single ? SINGLE : taker.name;
}

/**
 * The Services, under the names that Flux gives them in either shape: an Ingress for webhooks, and controllers that are not
 * of this installation, find what they look for.
 */
export function servicesOf(options: InstallOptions): readonly KubeObject[] {
  return options.components.flatMap(({ name, servesArtifacts, takesEvents }) => {
    const service = (serviceName: string, targetPort: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: serviceName,
        namespace: options.namespace,
        labels: { 'app.kubernetes.io/component': name, 'control-plane': 'controller' },
      },
      spec: {
        type: 'ClusterIP',
        selector: { app: options.single ? SINGLE : name },
        ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort }],
      },
    });
    if (servesArtifacts === true) return [service(name, 'http')];
    return takesEvents === true
      ? [service(name, options.single ? 'http-events' : 'http'), service('webhook-receiver', 'http-webhook')]
      : [];
  });
}
