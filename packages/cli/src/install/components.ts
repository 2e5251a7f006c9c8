import { groups } from '@sluice/api';

/** One of the controllers, under the name that Flux gives its Deployment. */
export interface Component {
  readonly name: string;
  /** The groups of the custom resources that come with it. */
  readonly groups: readonly string[];
  /** How long it may take to end. */
  readonly graceSeconds: number;
  /** Whether it serves artifacts. */
  readonly servesArtifacts?: true;
  /** Whether it takes events and webhooks. */
  readonly takesEvents?: true;
  /** Flags that exist for objects of different tenants to be kept apart. */
  readonly lockdown: readonly string[];
}

const noCrossNamespace = '--no-cross-namespace-refs=true';
/** In this cluster, and in others. */
const defaultServiceAccounts = ['--default-service-account=default', '--default-kubeconfig-service-account=default'];

/** In the order of the manifests. */
const all: readonly Component[] = [
  { name: 'source-controller', groups: [groups.source], graceSeconds: 10, servesArtifacts: true, lockdown: [] },
  {
    name: 'kustomize-controller',
    groups: [groups.kustomize],
    graceSeconds: 60,
    lockdown: [noCrossNamespace, '--no-remote-bases=true', ...defaultServiceAccounts],
  },
  { name: 'helm-controller', groups: [groups.helm], graceSeconds: 600, lockdown: [noCrossNamespace, ...defaultServiceAccounts] },
  { name: 'notification-controller', groups: [groups.notification], graceSeconds: 10, takesEvents: true, lockdown: [noCrossNamespace] },
  { name: 'image-reflector-controller', groups: [groups.image], graceSeconds: 10, lockdown: [noCrossNamespace] },
  { name: 'image-automation-controller', groups: [groups.image], graceSeconds: 10, lockdown: [noCrossNamespace] },
];

export const componentNames: readonly string[] = all.map(({ name }) => name);

/** The components by their names. Throws Flux's text for a name that is none. */
export function componentsNamed(names: readonly string[]): readonly Component[] {
  for (const name of names) {
    if (name === 'source-watcher')
      throw new Error(
        'component source-watcher is not available: nothing here works on ArtifactGenerators; leave it out of --components-extra',
      );
    if (!componentNames.includes(name)) throw new Error(`component ${name} is not available`);
  }
  return all.filter(({ name }) => names.includes(name));
}
