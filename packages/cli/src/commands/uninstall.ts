import { errorMessage, type KubeObject } from '@sluice/core';
import { isKindUnknown, isNotFound, type Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { notFound } from '../kinds/index.js';
import { clusterInfo, PART_OF } from '../install/index.js';
import { noArguments } from '../no-arguments.js';
import { confirmed } from '../prompt.js';

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly clusterScoped?: true;
  /** Of others there may be some that are not ours. */
  readonly component?: string;
}

/** What an installation is made of, in the order to delete it: first those who could put things back. */
const components: readonly Kind[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', clusterScoped: true },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', clusterScoped: true },
];

/** What goes with the namespace, and by itself where that stays: alerts would tell everybody that the controllers are gone. */
const inNamespace: readonly Kind[] = [
  { apiVersion: 'v1', kind: 'ResourceQuota' },
  { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule' },
  { apiVersion: 'monitoring.coreos.com/v1', kind: 'PodMonitor' },
  { apiVersion: 'v1', kind: 'ConfigMap', component: 'monitoring' },
];

const source = 'source.toolkit.fluxcd.io/v1';
const notification = 'notification.toolkit.fluxcd.io';
const image = 'image.toolkit.fluxcd.io/v1';

/** Whose finalizers nobody would remove any more. */
const finalized: readonly Kind[] = [
  { apiVersion: source, kind: 'GitRepository' },
  { apiVersion: source, kind: 'OCIRepository' },
  { apiVersion: source, kind: 'HelmRepository' },
  { apiVersion: source, kind: 'HelmChart' },
  { apiVersion: source, kind: 'Bucket' },
  { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' },
  { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease' },
  { apiVersion: `${notification}/v1beta3`, kind: 'Alert' },
  { apiVersion: `${notification}/v1beta3`, kind: 'Provider' },
  { apiVersion: `${notification}/v1`, kind: 'Receiver' },
  { apiVersion: image, kind: 'ImagePolicy' },
  { apiVersion: image, kind: 'ImageRepository' },
  { apiVersion: image, kind: 'ImageUpdateAutomation' },
  { apiVersion: 'source.extensions.fluxcd.io/v1beta1', kind: 'ArtifactGenerator' },
];

const definitions: readonly Kind[] = [{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', clusterScoped: true }];

/** `uninstall`: the controllers and their custom resources go; what they have applied stays. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal, signal: interrupted } = invocation;
  noArguments(invocation, 'uninstall');
  const namespace = selectedNamespace(flags);
  const { cluster, close } = await connect(invocation);
  try {
    const signal = deadlineOf(invocation);
    if (!flags.bool('dry-run') && !flags.bool('silent')) {
      const manager = (await clusterInfo(cluster, signal))?.managedBy;
      const question =
        manager === undefined
          ? 'Are you sure you want to delete Flux and its custom resource definitions'
          : `Flux is managed by ${manager}! Are you sure you want to delete Flux and its CRDs using Flux CLI`;
      if (!(await confirmed(question, interrupted))) throw new Error('aborting: nothing was deleted; --silent does not ask');
    }
    const removal = new Removal(cluster, invocation, signal);
    terminal.action(`deleting components in ${namespace} namespace`);
    const kinds = flags.bool('keep-namespace') ? [...components, ...inNamespace] : components;
    for (const kind of kinds) await removal.deleteAll(kind, namespace);
    terminal.action('deleting toolkit.fluxcd.io finalizers in all namespaces');
    for (const kind of finalized) await removal.removeFinalizers(kind);
    terminal.action('deleting toolkit.fluxcd.io custom resource definitions');
    for (const kind of definitions) await removal.deleteAll(kind, namespace);
    if (!flags.bool('keep-namespace')) {
      await removal.delete({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, `Namespace/${namespace}`);
    }
    if (removal.failures > 0) throw new Error(`${removal.failures} of the objects could not be removed: run uninstall again`);
    terminal.success('uninstall finished');
  } finally {
    await close();
  }
}

/** What is gone already asks for no second run. */
class Gone extends Error {}

class Removal {
  failures = 0;
  readonly #cluster: Cluster;
  readonly #invocation: Invocation;
  readonly #options: { readonly signal: AbortSignal; readonly dryRun: boolean };

  constructor(cluster: Cluster, invocation: Invocation, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#invocation = invocation;
    this.#options = { signal, dryRun: invocation.flags.bool('dry-run') };
  }

  /** Deletes what belongs to the installation, of one kind. */
  async deleteAll({ apiVersion, kind, clusterScoped, component }: Kind, namespace: string): Promise<void> {
    const labels = component === undefined ? PART_OF : `${PART_OF},app.kubernetes.io/component=${component}`;
    const where = clusterScoped === true ? {} : { namespace };
    for (const { metadata } of await this.#list({ apiVersion, kind, ...where }, labels)) {
      const { name = '' } = metadata;
      const id = clusterScoped === true ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
      await this.delete({ apiVersion, kind, metadata }, id);
    }
  }

  async delete({ apiVersion, kind, metadata }: KubeObject, id: string): Promise<void> {
    const { name = '', namespace } = metadata;
    const key = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
    await this.#attempt(`${id} deleted`, `${id} deletion failed`, async () => {
      if (!(await this.#cluster.delete(key, this.#options)))
        throw new Gone((await notFound(this.#cluster, { apiVersion, kind }, name)).message);
    });
  }

  async removeFinalizers({ apiVersion, kind }: Kind): Promise<void> {
    for (const { metadata } of await this.#list({ apiVersion, kind })) {
      const { name = '', namespace = '' } = metadata;
      const id = `${kind}/${namespace}/${name}`;
      await this.#attempt(`${id} finalizers deleted`, `${id} removing finalizers failed`, async () => {
        try {
          await this.#cluster.patch({ apiVersion, kind, namespace, name }, 'merge', { metadata: { finalizers: null } }, this.#options);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      });
    }
  }

  async #list(kind: { apiVersion: string; kind: string; namespace?: string }, labelSelector?: string): Promise<readonly KubeObject[]> {
    try {
      const options = { signal: this.#options.signal, as: 'metadata', ...(labelSelector === undefined ? {} : { labelSelector }) } as const;
      return (await this.#cluster.list(kind, options)).items;
    } catch (error) {
      // A kind that was never installed, or is gone by now, has no objects.
      if (isKindUnknown(error) || isNotFound(error)) return [];
      throw error;
    }
  }

  async #attempt(done: string, failed: string, action: () => Promise<void>): Promise<void> {
    const { terminal } = this.#invocation;
    try {
      await action();
      terminal.success(`${done} ${this.#options.dryRun ? '(dry run)' : ''}`);
    } catch (error) {
      if (this.#options.signal.aborted) throw error;
      if (!(error instanceof Gone)) this.failures++;
      terminal.failure(`${failed}: ${errorMessage(error)}`);
    }
  }
}
