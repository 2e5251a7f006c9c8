import { groupOf, type KubeObject } from '@sluice/core';
import { decodeRelease, releaseSecretName } from '@sluice/helm';
import type { Cluster } from '@sluice/kube';
import { parseYamlDocuments } from '@sluice/yaml';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { field, helmRelease, kustomization, notFound, textField } from '../kinds/index.js';
import { printedTree, type ObjectTree } from '../tree-print.js';

const CRD = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

/** `tree kustomization NAME`: what it has applied, with what that has applied in turn. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [name] = args;
  if (name === undefined) throw new Error('kustomization name is required');
  const namespace = selectedNamespace(flags);
  const { cluster, close } = await connect(invocation);
  try {
    const reader = new TreeReader(cluster, deadlineOf(invocation), flags.bool('compact'));
    const object = await reader.get(kustomization, namespace, name);
    if (object === undefined) throw await notFound(cluster, kustomization, name);
    const tree = {
      group: groupOf(kustomization.apiVersion),
      kind: kustomization.kind,
      namespace,
      name,
      children: await reader.applied(object),
    };
    terminal.out(`${printedTree(tree, flags.string('output'))}\n`);
  } finally {
    await close();
  }
}

class TreeReader {
  readonly #cluster: Cluster;
  readonly #signal: AbortSignal;
  readonly #compact: boolean;
  /** A Kustomization that is above itself is shown once more, without what is below it. */
  readonly #above = new Set<string>();

  constructor(cluster: Cluster, signal: AbortSignal, compact: boolean) {
    this.#cluster = cluster;
    this.#signal = signal;
    this.#compact = compact;
  }

  get(kind: { readonly apiVersion: string; readonly kind: string }, namespace: string, name: string): Promise<KubeObject | undefined> {
    return this.#cluster.get({ apiVersion: kind.apiVersion, kind: kind.kind, namespace, name }, { signal: this.#signal });
  }

  /** What a Kustomization has applied, by its inventory. */
  async applied(object: KubeObject): Promise<ObjectTree[]> {
    const { namespace = '', name = '' } = object.metadata;
    const id = `${namespace}/${name}`;
    if (this.#above.has(id)) return [];
    this.#above.add(id);
    const entries = field(object, 'status', 'inventory', 'entries');
    const children: ObjectTree[] = [];
    for (const entry of Array.isArray(entries) ? entries : []) {
      const node = nodeOf(textField(entry, 'id'));
      if (this.#isHidden(node)) continue;
      const isKustomization = node.group === groupOf(kustomization.apiVersion) && node.kind === kustomization.kind;
      if (isKustomization && node.namespace === namespace && node.name === name) continue;
      const isElsewhere = field(object, 'spec', 'kubeConfig') !== undefined;
      if (isKustomization && !isElsewhere) {
        const below = await this.get(kustomization, node.namespace, node.name);
        if (below === undefined)
          throw new Error(`failed to find object: ${(await notFound(this.#cluster, kustomization, node.name)).message}`);
        node.children.push(...(await this.applied(below)));
      }
      if (node.group === groupOf(helmRelease.apiVersion) && node.kind === helmRelease.kind && !isElsewhere)
        node.children.push(...(await this.#released(node)));
      children.push(node);
    }
    this.#above.delete(id);
    return children;
  }

  #isHidden({ group }: ObjectTree): boolean {
    return this.#compact && !group.includes('toolkit.fluxcd.io');
  }

  /** What a HelmRelease has installed, by the manifest of its release. */
  async #released({ namespace, name }: ObjectTree): Promise<ObjectTree[]> {
    const object = await this.get(helmRelease, namespace, name);
    if (object === undefined) throw await notFound(this.#cluster, helmRelease, name);
    const history = field(object, 'status', 'history');
    const latest: unknown = Array.isArray(history) ? history[0] : undefined;
    const storage = field(object, 'status', 'storageNamespace');
    if (field(object, 'spec', 'kubeConfig') !== undefined || latest === undefined || typeof storage !== 'string') return [];
    const secretName = releaseSecretName(textField(latest, 'name'), Number(field(latest, 'version')));
    const secret = await this.get({ apiVersion: 'v1', kind: 'Secret' }, storage, secretName);
    if (secret === undefined) return [];
    const { release } = decodeRelease(secret);
    const nodes: ObjectTree[] = [];
    for (const { value } of parseYamlDocuments(release.manifest)) {
      const manifest = value as unknown as KubeObject | null;
      if (manifest === null || typeof manifest !== 'object' || manifest.kind === undefined) continue;
      nodes.push(await this.#manifestNode(manifest, textField(latest, 'namespace')));
    }
    nodes.push(...(await this.#definitions(object, nodes)));
    return nodes.filter((node) => !this.#isHidden(node));
  }

  async #manifestNode(manifest: KubeObject, namespace: string): Promise<ObjectTree> {
    const { name = '', namespace: own = '' } = manifest.metadata;
    const isNamespaced = own === '' && (await this.#cluster.resourceOf(manifest))?.namespaced === true;
    return { group: groupOf(manifest.apiVersion), kind: manifest.kind, namespace: isNamespaced ? namespace : own, name, children: [] };
  }

  /** The definitions of the chart's `crds` folder, which are in no manifest. */
  async #definitions(object: KubeObject, nodes: readonly ObjectTree[]): Promise<ObjectTree[]> {
    const policies = [field(object, 'spec', 'install', 'crds'), field(object, 'spec', 'upgrade', 'crds')];
    if (!policies.some((policy) => typeof policy === 'string' && policy !== '' && policy !== 'Skip')) return [];
    const { name = '', namespace = '' } = object.metadata;
    const group = groupOf(helmRelease.apiVersion);
    const labelSelector = `${group}/name=${name},${group}/namespace=${namespace}`;
    const { items } = await this.#cluster.list(CRD, { labelSelector, signal: this.#signal, as: 'metadata' });
    const known = new Set(nodes.filter(({ kind }) => kind === CRD.kind).map((node) => node.name));
    return items
      .filter(({ metadata }) => !known.has(metadata.name ?? ''))
      .map(({ metadata }) => ({ group: groupOf(CRD.apiVersion), kind: CRD.kind, namespace: '', name: metadata.name ?? '', children: [] }));
  }
}

/** Reads an inventory's id: `namespace_name_group_kind`, where a name may have underscores for colons. */
function nodeOf(id: string): ObjectTree {
  const parts = id.split('_');
  const namespace = parts.shift() ?? '';
  const kind = parts.pop() ?? '';
  const group = parts.pop() ?? '';
  return { group, kind, namespace, name: parts.join('_').replaceAll('__', ':'), children: [] };
}
