import { fieldsOf, isSet, itemsOf, numberOf, textOf, withField, type Fields } from '../common/index.js';
import { nameOf, namespaceOf } from '../common/meta.js';
import type { WriteContext } from '../context.js';
import { limitPod } from './limits.js';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

/** What other objects of the cluster make of a new pod: service account and its token, priority, limits, tolerations. */
export function admitPod(object: Fields, live: Fields | undefined, context: WriteContext): Fields | string {
  if (live !== undefined) return withKeptAdmission(object);
  for (const step of [withServiceAccount, withPriority, withRuntimeClass, withTolerations, limitPod]) {
    const result = step(object, context);
    if (typeof result === 'string') return result;
    object = result;
  }
  return object;
}

/** An update of a stored pod passes as it is: what admission filled in is there already. */
function withKeptAdmission(object: Fields): Fields {
  return object;
}

function withServiceAccount(object: Fields, { lookup }: WriteContext): Fields | string {
  let spec = fieldsOf(object['spec']);
  const namespace = namespaceOf(object);
  if (isMirror(object)) return object;
  const name = textOf(spec['serviceAccountName']) || 'default';
  spec = withField(withField(spec, 'serviceAccountName', name), 'serviceAccount', name);
  const account = lookup.get('v1', 'ServiceAccount', namespace, name);
  if (account === undefined) return `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
  const mounts = spec['automountServiceAccountToken'] ?? account['automountServiceAccountToken'] ?? true;
  if (mounts === true) spec = withToken(spec);
  if (itemsOf(spec['imagePullSecrets']).length === 0 && itemsOf(account['imagePullSecrets']).length > 0) {
    spec = withField(spec, 'imagePullSecrets', account['imagePullSecrets']);
  }
  return withField(object, 'spec', spec);
}

function isMirror(object: Fields): boolean {
  return Object.hasOwn(fieldsOf(fieldsOf(object['metadata'])['annotations']), 'kubernetes.io/config.mirror');
}

/** Mounts the account's token where nothing else is mounted. */
function withToken(spec: Fields): Fields {
  let volume: string | undefined;
  const mounted = (list: unknown): readonly Fields[] =>
    itemsOf(list).map((container) => {
      const mounts = itemsOf(container['volumeMounts']);
      if (mounts.some((mount) => mount['mountPath'] === TOKEN_PATH)) return container;
      volume ??= `kube-api-access-${randomName(5)}`;
      return { ...container, volumeMounts: [...mounts, { name: volume, readOnly: true, mountPath: TOKEN_PATH }] };
    });
  let result = spec;
  for (const list of ['initContainers', 'containers']) if (isSet(spec[list])) result = withField(result, list, mounted(spec[list]));
  if (volume === undefined) return spec;
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
  ];
  return withField(result, 'volumes', [...itemsOf(spec['volumes']), { name: volume, projected: { sources, defaultMode: 420 } }]);
}

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Letters and digits that spell nothing. */
export function randomName(length: number): string {
  return Array.from({ length }, () => LETTERS[Math.floor(Math.random() * LETTERS.length)]).join('');
}

function withPriority(object: Fields, { lookup }: WriteContext): Fields | string {
  let spec = fieldsOf(object['spec']);
  let name = textOf(spec['priorityClassName']);
  let value = 0;
  let policy: unknown = 'PreemptLowerPriority';
  if (name === '') {
    const byDefault = lookup.list('scheduling.k8s.io/v1', 'PriorityClass').filter((item) => item['globalDefault'] === true);
    const [lowest] = byDefault.sort((a, b) => numberOf(a['value']) - numberOf(b['value']));
    if (lowest !== undefined) {
      name = nameOf(lowest);
      value = numberOf(lowest['value']);
      policy = lowest['preemptionPolicy'] ?? policy;
      spec = withField(spec, 'priorityClassName', name);
    }
  } else {
    const found = lookup.get('scheduling.k8s.io/v1', 'PriorityClass', undefined, name);
    if (found === undefined && !Object.hasOwn(SYSTEM_PRIORITIES, name)) return `no PriorityClass with name ${name} was found`;
    value = found === undefined ? (SYSTEM_PRIORITIES[name] ?? 0) : numberOf(found['value']);
    policy = found?.['preemptionPolicy'] ?? policy;
  }
  if (isSet(spec['priority']) && spec['priority'] !== value) {
    return `the integer value of priority (${numberOf(spec['priority'])}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`;
  }
  if (isSet(spec['preemptionPolicy']) && spec['preemptionPolicy'] !== policy) {
    return `the string value of PreemptionPolicy (${textOf(spec['preemptionPolicy'])}) must not be provided in pod spec; priority admission controller computed ${textOf(policy)} from the given PriorityClass name`;
  }
  return withField(object, 'spec', { ...spec, priority: value, preemptionPolicy: policy });
}

function withRuntimeClass(object: Fields, { lookup }: WriteContext): Fields | string {
  const spec = fieldsOf(object['spec']);
  const name = textOf(spec['runtimeClassName']);
  if (name === '') return object;
  const found = lookup.get('node.k8s.io/v1', 'RuntimeClass', undefined, name);
  if (found === undefined) return `pod rejected: RuntimeClass "${name}" not found`;
  const overhead = fieldsOf(found['overhead'])['podFixed'];
  return isSet(overhead) ? withField(object, 'spec', withField(spec, 'overhead', overhead)) : object;
}

/** A pod waits five minutes for a node that went away. */
function withTolerations(object: Fields): Fields {
  const spec = fieldsOf(object['spec']);
  const tolerations = itemsOf(spec['tolerations']);
  const tolerates = (key: string): boolean =>
    tolerations.some((item) => {
      const effect = textOf(item['effect']);
      const itemKey = textOf(item['key']);
      return (itemKey === key || itemKey === '') && (effect === 'NoExecute' || effect === '');
    });
  const added = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
    .filter((key) => !tolerates(key))
    .map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }));
  return added.length === 0 ? object : withField(object, 'spec', { ...spec, tolerations: [...tolerations, ...added] });
}
