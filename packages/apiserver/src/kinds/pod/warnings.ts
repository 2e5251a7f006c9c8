import { fieldsOf, isSet, itemsOf, numberOf, textOf, type Fields } from '../common/index.js';
import { mapOf } from '../common/fields.js';
import { metaOf, nameOf } from '../common/meta.js';
import { dns1123Label } from '../common/names.js';
import { fractionWarnings } from '../common/quantities.js';

/** Warnings about the template of a workload, when it changed. */
export function templateWarnings(object: Fields, live: Fields | undefined, path = 'spec.template'): readonly string[] {
  if (live !== undefined && metaOf(object)['generation'] === metaOf(live)['generation']) return [];
  const template = fieldsOf(fieldsOf(object['spec'])['template']);
  return podWarnings(fieldsOf(template['spec']), fieldsOf(template['metadata']), `${path}.`);
}

/** Names that Pods and their hosts get their names from, in a new object. */
export function nameWarnings(object: Fields, live: Fields | undefined, use = 'Pod names and hostnames'): readonly string[] {
  if (live !== undefined) return [];
  const faults = dns1123Label(nameOf(object));
  if (faults.length === 0) return [];
  const advice = `a DNS label is recommended: [${faults.join(' ')}]`;
  return [`metadata.name: this is used in ${use}, which can result in surprising behavior; ${advice}`];
}

const DEPRECATED_VOLUMES: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

const DEPRECATED_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

function deprecatedNodeLabel(key: string): string | undefined {
  return Object.hasOwn(DEPRECATED_LABELS, key) ? DEPRECATED_LABELS[key] : undefined;
}

/** What works, but probably not as meant. The path is that of the pod: empty, or `spec.template.`. */
export function podWarnings(spec: Fields, meta: Fields, path: string): string[] {
  const warnings: string[] = [];
  for (const key of Object.keys(mapOf(spec['nodeSelector'])).sort()) {
    const text = deprecatedNodeLabel(key);
    if (text !== undefined) warnings.push(`${path}spec.nodeSelector[${key}]: ${text}`);
  }
  for (const [index, constraint] of itemsOf(spec['topologySpreadConstraints']).entries()) {
    if (isSet(constraint['labelSelector'])) continue;
    warnings.push(`${path}spec.topologySpreadConstraints[${index}].labelSelector: a null labelSelector results in matching no pod`);
  }
  nullSelectors(fieldsOf(spec['affinity']), `${path}spec.affinity`, warnings);
  for (const [index, volume] of itemsOf(spec['volumes']).entries()) {
    warnings.push(...sourceWarnings(volume, `${path}spec.volumes[${index}]`));
  }
  repeated(itemsOf(spec['hostAliases']), 'ip', `${path}spec.hostAliases`, 'duplicate ip', warnings);
  repeated(itemsOf(spec['imagePullSecrets']), 'name', `${path}spec.imagePullSecrets`, 'duplicate name', warnings);
  const annotations = mapOf(meta['annotations']);
  if (
    !isSet(fieldsOf(spec['securityContext'])['seccompProfile']) &&
    Object.hasOwn(annotations, 'seccomp.security.alpha.kubernetes.io/pod')
  ) {
    const key = 'seccomp.security.alpha.kubernetes.io/pod';
    warnings.push(`${path}metadata.annotations[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`);
  }
  const ports = new Map<string, { at: string; host: number; ip: string }[]>();
  const portNames = new Map<string, string>();
  for (const list of ['initContainers', 'containers']) {
    for (const [index, container] of itemsOf(spec[list]).entries()) {
      const at = `${path}spec.${list}[${index}]`;
      fractions(container, at, warnings);
      hiddenVariables(container, at, warnings);
      for (const [position, port] of itemsOf(container['ports']).entries())
        portConflicts(port, `${at}.ports[${position}]`, ports, warnings);
    }
  }
  for (const list of ['initContainers', 'containers']) {
    for (const [index, container] of itemsOf(spec[list]).entries()) {
      for (const [position, port] of itemsOf(container['ports']).entries()) {
        const name = textOf(port['name']);
        const at = `${path}spec.${list}[${index}].ports[${position}]`;
        if (name === '') continue;
        const other = portNames.get(name);
        if (other === undefined) portNames.set(name, at);
        else {
          warnings.push(
            `${at}: duplicate port name ${JSON.stringify(name)} with ${other}, services and probes that select ports by name will use ${other}`,
          );
        }
      }
    }
  }
  if (numberOf(spec['terminationGracePeriodSeconds']) < 0) {
    warnings.push(`${path}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  }
  return warnings;
}

/** Kinds of volumes that no version plays any more. */
export function sourceWarnings(volume: Fields, path: string): readonly string[] {
  return Object.entries(DEPRECATED_VOLUMES)
    .filter(([kind]) => isSet(volume[kind]))
    .map(([kind, text]) => `${path}.${kind === 'storageos' ? 'storageOS' : kind}: ${text}`);
}

function nullSelectors(affinity: Fields, path: string, warnings: string[]): void {
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    for (const [when, termOf, below] of [
      ['requiredDuringSchedulingIgnoredDuringExecution', (item: Fields) => item, ''],
      ['preferredDuringSchedulingIgnoredDuringExecution', (item: Fields) => fieldsOf(item['podAffinityTerm']), '.podAffinityTerm'],
    ] as const) {
      for (const [index, item] of itemsOf(fieldsOf(affinity[kind])[when]).entries()) {
        if (isSet(termOf(item)['labelSelector'])) continue;
        warnings.push(`${path}.${kind}.${when}[${index}]${below}.labelSelector: a null labelSelector results in matching no pod`);
      }
    }
  }
}

function repeated(items: readonly Fields[], field: string, path: string, text: string, warnings: string[]): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const value = textOf(item[field]);
    if (seen.has(value)) warnings.push(`${path}[${index}].${field}: ${text} ${JSON.stringify(value)}`);
    seen.add(value);
  }
}

function fractions(container: Fields, path: string, warnings: string[]): void {
  const resources = fieldsOf(container['resources']);
  for (const name of ['memory', 'ephemeral-storage']) {
    for (const list of ['limits', 'requests']) warnings.push(...fractionWarnings(resources, list, name, path));
  }
}

function hiddenVariables(container: Fields, path: string, warnings: string[]): void {
  const seen = new Set<string>();
  for (const [index, variable] of itemsOf(container['env']).entries()) {
    const name = textOf(variable['name']);
    const value = textOf(variable['value']);
    const reference = `$(${name})`;
    if (seen.has(name) && (isSet(variable['valueFrom']) || value === reference || !value.includes(reference))) {
      warnings.push(`${path}.env[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`);
    }
    seen.add(name);
  }
}

function portConflicts(port: Fields, at: string, ports: Map<string, { at: string; host: number; ip: string }[]>, warnings: string[]): void {
  const entry = { at, host: numberOf(port['hostPort']), ip: textOf(port['hostIP']) };
  const key = `${numberOf(port['containerPort'])}/${textOf(port['protocol'])}`;
  const others = ports.get(key) ?? [];
  for (const other of others) {
    if (entry.ip === other.ip && entry.host === other.host) warnings.push(`${at}: duplicate port definition with ${other.at}`);
    else if (entry.host === 0 || other.host === 0) warnings.push(`${at}: overlapping port definition with ${other.at}`);
    else if (entry.host === other.host && (entry.ip === '') !== (other.ip === '')) {
      warnings.push(`${at}: dangerously ambiguous port definition with ${other.at}`);
    }
  }
  ports.set(key, [...others, entry]);
}
