import type { KubeObject } from '@sluice/core';
import type { InstallOptions } from './options.js';
import { eventTaker } from './services.js';

/** Nobody outside the namespace reaches the controllers, but for metrics and webhooks; they reach everybody. */
export function networkPolicies(options: InstallOptions): readonly KubeObject[] {
  const everyNamespace = [{ namespaceSelector: {} }];
  const taker = eventTaker(options);
  return [
    policy(options, 'allow-egress', {
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: {} }] }],
      egress: [{}],
      podSelector: {},
    }),
    policy(options, 'allow-scraping', {
      policyTypes: ['Ingress'],
      ingress: [{ from: everyNamespace, ports: [{ protocol: 'TCP', port: 8080 }] }],
      podSelector: {},
    }),
    ...(taker === undefined
      ? []
      : [
          policy(options, 'allow-webhooks', {
            policyTypes: ['Ingress'],
            ingress: [{ from: everyNamespace, ports: [{ protocol: 'TCP', port: 9292 }] }],
            podSelector: { matchLabels: { app: taker } },
          }),
        ]),
  ];
}

function policy({ namespace }: InstallOptions, name: string, spec: object): KubeObject {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec };
}
