import { formatQuantity, groupOf, type KubeObject, type Quantity } from '@sluice/core';
import { fieldsOf, isSet, itemsOf, textOf, type Fields } from '../common/index.js';
import { addQuantities, isMore, quantityOf } from '../common/quantities.js';
import type { Lookup } from '../context.js';

const ONE: Quantity = { nano: 1_000_000_000n, format: 'DecimalSI' };
const COMPUTE = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** Kinds of the core group that quotas also count by their bare plural. */
const PLAIN = new Set(['ConfigMap', 'PersistentVolumeClaim', 'Pod', 'ReplicationController', 'ResourceQuota', 'Secret', 'Service']);

/** What an object takes from a quota, by the names that quotas use. */
export function usageOf(object: KubeObject): ReadonlyMap<string, Quantity> {
  const usage = new Map<string, Quantity>();
  const add = (name: string, amount: Quantity): void => void usage.set(name, addQuantities(usage.get(name), amount));
  const { kind, apiVersion } = object;
  const group = groupOf(apiVersion);
  const plural = pluralOf(kind);
  const spec = fieldsOf(object['spec']);
  add(group === '' ? `count/${plural}` : `count/${plural}.${group}`, ONE);
  if (group !== '') return usage;
  if (kind === 'Pod') {
    if (isOver(object)) return new Map([['count/pods', ONE]]);
    for (const [name, amount] of podResources(spec)) add(name, amount);
  }
  if (PLAIN.has(kind)) add(plural, ONE);
  if (kind === 'Service') {
    const type = textOf(spec['type']);
    if (type === 'LoadBalancer') add('services.loadbalancers', ONE);
    for (const port of itemsOf(spec['ports'])) if (isSet(port['nodePort']) && port['nodePort'] !== 0) add('services.nodeports', ONE);
  } else if (kind === 'PersistentVolumeClaim') {
    const storage = quantityOf(fieldsOf(fieldsOf(spec['resources'])['requests'])['storage']);
    const className = textOf(spec['storageClassName']);
    add('requests.storage', storage);
    if (className !== '') {
      add(`${className}.storageclass.storage.k8s.io/requests.storage`, storage);
      add(`${className}.storageclass.storage.k8s.io/persistentvolumeclaims`, ONE);
    }
  }
  return usage;
}

/** The words of a refusal, when a new object, or what is added to one, is more than a quota of its namespace allows. */
export function quotaFault(object: KubeObject, live: KubeObject | undefined, lookup: Lookup): string | undefined {
  const { namespace = '' } = object.metadata;
  const quotas = namespace === '' || object.kind === 'ResourceQuota' ? [] : lookup.list('v1', 'ResourceQuota', namespace);
  if (quotas.length === 0) return undefined;
  const wanted = usageOf(object);
  const before = live === undefined ? new Map<string, Quantity>() : usageOf(live);
  const delta = new Map<string, Quantity>();
  for (const [name, amount] of wanted) {
    const added = amount.nano - (before.get(name)?.nano ?? 0n);
    if (added > 0n) delta.set(name, { ...amount, nano: added });
  }
  for (const quota of quotas) {
    if (!inScope(quota, object)) continue;
    const hard = fieldsOf(fieldsOf(quota['spec'])['hard']);
    const name = quota.metadata.name ?? '';
    const unspecified = object.kind === 'Pod' && live === undefined ? missingResources(fieldsOf(object['spec']), hard) : '';
    if (unspecified !== '') return `failed quota: ${name}: must specify ${unspecified}`;
    const limited = Object.keys(hard).filter((resource) => delta.has(resource));
    if (limited.length === 0) continue;
    const used = usedOf(quota, lookup.list(object.apiVersion, object.kind, namespace), limited);
    const exceeded = limited
      .filter((resource) => isMore(formatQuantity(addQuantities(used.get(resource), delta.get(resource) ?? ONE)), hard[resource]))
      .sort();
    if (exceeded.length === 0) continue;
    const shown = (amount: (resource: string) => string): string => exceeded.map((resource) => `${resource}=${amount(resource)}`).join(',');
    const requested = shown((resource) => formatQuantity(delta.get(resource) ?? ONE));
    const spent = shown((resource) => formatQuantity(used.get(resource) ?? quantityOf('0')));
    return `exceeded quota: ${name}, requested: ${requested}, used: ${spent}, limited: ${shown((resource) => formatQuantity(quantityOf(hard[resource])))}`;
  }
  return undefined;
}

/** What objects take from a quota together, of some of its resources. */
export function usedOf(quota: KubeObject, objects: readonly KubeObject[], resources: readonly string[]): ReadonlyMap<string, Quantity> {
  const used = new Map<string, Quantity>();
  for (const object of objects) {
    if (!inScope(quota, object)) continue;
    const usage = usageOf(object);
    for (const resource of resources) {
      const amount = usage.get(resource);
      if (amount !== undefined) used.set(resource, addQuantities(used.get(resource), amount));
    }
  }
  return used;
}

function podResources(spec: Fields): [string, Quantity][] {
  const found: [string, Quantity][] = [];
  for (const container of itemsOf(spec['containers'])) {
    const { requests, limits } = fieldsOf(container['resources']);
    for (const [name, amount] of Object.entries(fieldsOf(requests))) {
      if (COMPUTE.has(name)) found.push([name, quantityOf(amount)]);
      found.push([`requests.${name}`, quantityOf(amount)]);
    }
    for (const [name, amount] of Object.entries(fieldsOf(limits))) found.push([`limits.${name}`, quantityOf(amount)]);
  }
  return found;
}

/** Under a quota of compute resources each container has to say what it takes. */
function missingResources(spec: Fields, hard: Fields): string {
  const missing: string[] = [];
  for (const resource of Object.keys(hard).sort()) {
    const [, list = 'requests', name = resource] = /^(requests|limits)\.(.+)$/.exec(resource) ?? [];
    if (!COMPUTE.has(name)) continue;
    const silent = itemsOf(spec['containers']).filter((container) => !isSet(fieldsOf(fieldsOf(container['resources'])[list])[name]));
    if (silent.length > 0) missing.push(`${resource} for: ${silent.map((container) => textOf(container['name'])).join(',')}`);
  }
  return missing.join('; ');
}

/** Whether a quota counts an object: some count only pods of some sorts. */
function inScope(quota: KubeObject, object: KubeObject): boolean {
  const spec = fieldsOf(quota['spec']);
  const plain = (Array.isArray(spec['scopes']) ? spec['scopes'] : []) as readonly string[];
  const selected = itemsOf(fieldsOf(spec['scopeSelector'])['matchExpressions']);
  if (plain.length === 0 && selected.length === 0) return true;
  if (object.kind !== 'Pod') return false;
  const podSpec = fieldsOf(object['spec']);
  const bestEffort = podResources(podSpec).every(([, amount]) => amount.nano === 0n);
  const terminating = isSet(podSpec['activeDeadlineSeconds']);
  const matches: Readonly<Record<string, boolean>> = {
    BestEffort: bestEffort,
    NotBestEffort: !bestEffort,
    Terminating: terminating,
    NotTerminating: !terminating,
  };
  const byClass = (expression: Fields): boolean => {
    const scope = textOf(expression['scopeName']);
    if (scope !== 'PriorityClass') return matches[scope] ?? false;
    const name = textOf(podSpec['priorityClassName']);
    const values = (expression['values'] ?? []) as readonly string[];
    const operator = textOf(expression['operator']);
    if (operator === 'Exists') return name !== '';
    if (operator === 'DoesNotExist') return name === '';
    return operator === 'In' ? values.includes(name) : !values.includes(name);
  };
  return plain.every((scope) => matches[scope] ?? false) && selected.every(byClass);
}

function isOver(pod: KubeObject): boolean {
  const phase = textOf(fieldsOf(pod['status'])['phase']);
  return phase === 'Succeeded' || phase === 'Failed';
}

/** The plural of a kind, as English and Kubernetes have it. */
export function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  if (word === 'endpoints') return word;
  if (/(s|x|z|ch|sh)$/.test(word)) return `${word}es`;
  return /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`;
}
