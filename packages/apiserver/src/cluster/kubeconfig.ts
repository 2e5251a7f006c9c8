import { printYaml } from '@sluice/yaml';

/** A kubeconfig with one context: a cluster, and a user by token. */
export function kubeconfigText(name: string, server: string, authority: string, token: string): string {
  return printYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}
