import type { KubeObject } from '@sluice/core';
import { fieldsOf, isSet, itemsOf, textOf, type Fields, type Lookup } from '../../kinds/index.js';

/** Something that a pod can't do without, and that is not there. */
export interface Missing {
  /** `ConfigMap/namespace/name`. */
  readonly key: string;
  /** What the kubelet, or the scheduler, says. */
  readonly message: string;
  readonly reason: string;
  /** The container that wants it; empty when all wait. */
  readonly container: string;
  /** Whether a volume could not be mounted: no container is created then. */
  readonly mounts: boolean;
}

/** The first ConfigMap, Secret or claim that a pod wants and that is missing. */
export function missingReference(pod: KubeObject, lookup: Lookup, what: 'claims' | 'content' = 'content'): Missing | undefined {
  const namespace = pod.metadata.namespace ?? '';
  const spec = fieldsOf(pod['spec']);
  const find = (kind: string, name: string): KubeObject | undefined => lookup.get('v1', kind, namespace, name);
  const word: Readonly<Record<string, string>> = { ConfigMap: 'configmap', Secret: 'secret' };
  if (what === 'claims') {
    for (const volume of itemsOf(spec['volumes'])) {
      const name = textOf(fieldsOf(volume['persistentVolumeClaim'])['claimName']);
      if (name === '') continue;
      const claim = find('PersistentVolumeClaim', name);
      const base = { key: `PersistentVolumeClaim/${namespace}/${name}`, reason: '', container: '', mounts: false };
      if (claim === undefined) return { ...base, message: `persistentvolumeclaim "${name}" not found` };
      const unbound = textOf(fieldsOf(claim['status'])['phase']) !== 'Bound';
      if (unbound && !waitsForConsumer(claim, lookup)) return { ...base, message: 'pod has unbound immediate PersistentVolumeClaims' };
    }
    return undefined;
  }
  for (const volume of itemsOf(spec['volumes'])) {
    for (const { kind, name } of volumeSources(volume)) {
      if (find(kind, name) !== undefined) continue;
      const message = `MountVolume.SetUp failed for volume "${textOf(volume['name'])}" : ${word[kind] ?? kind} "${name}" not found`;
      return { key: `${kind}/${namespace}/${name}`, message, reason: 'ContainerCreating', container: '', mounts: true };
    }
  }
  for (const container of [...itemsOf(spec['initContainers']), ...itemsOf(spec['containers'])]) {
    for (const { kind, name, key } of environmentSources(container)) {
      const found = find(kind, name);
      const base = {
        key: `${kind}/${namespace}/${name}`,
        reason: 'CreateContainerConfigError',
        container: textOf(container['name']),
        mounts: false,
      };
      if (found === undefined) return { ...base, message: `Error: ${word[kind] ?? kind} "${name}" not found` };
      const has = (field: string): boolean => Object.hasOwn(fieldsOf(found[field]), key ?? '');
      if (key !== undefined && !has('data') && !has('binaryData'))
        return { ...base, message: `Error: couldn't find key ${key} in ${kind} ${namespace}/${name}` };
    }
  }
  return undefined;
}

/** Some classes bind only when a pod is there; the simulated scheduler does not look further. */
function waitsForConsumer(claim: KubeObject, lookup: Lookup): boolean {
  const name = textOf(fieldsOf(claim['spec'])['storageClassName']);
  const found = name === '' ? undefined : lookup.get('storage.k8s.io/v1', 'StorageClass', undefined, name);
  return found?.['volumeBindingMode'] === 'WaitForFirstConsumer';
}

interface Source {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly key?: string;
}

function volumeSources(volume: Fields): Source[] {
  const found: Source[] = [];
  const add = (kind: Source['kind'], source: Fields, field: string): void => {
    if (source['optional'] !== true && textOf(source[field]) !== '') found.push({ kind, name: textOf(source[field]) });
  };
  add('ConfigMap', fieldsOf(volume['configMap']), 'name');
  add('Secret', fieldsOf(volume['secret']), 'secretName');
  for (const source of itemsOf(fieldsOf(volume['projected'])['sources'])) {
    add('ConfigMap', fieldsOf(source['configMap']), 'name');
    add('Secret', fieldsOf(source['secret']), 'name');
  }
  return found;
}

function environmentSources(container: Fields): Source[] {
  const found: Source[] = [];
  const add = (kind: Source['kind'], reference: unknown, withKey: boolean): void => {
    if (!isSet(reference)) return;
    const { name, key, optional } = fieldsOf(reference);
    if (optional !== true) found.push({ kind, name: textOf(name), ...(withKey && { key: textOf(key) }) });
  };
  for (const source of itemsOf(container['envFrom'])) {
    add('ConfigMap', source['configMapRef'], false);
    add('Secret', source['secretRef'], false);
  }
  for (const variable of itemsOf(container['env'])) {
    const from = fieldsOf(variable['valueFrom']);
    add('ConfigMap', from['configMapKeyRef'], true);
    add('Secret', from['secretKeyRef'], true);
  }
  return found;
}
