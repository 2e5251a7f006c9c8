import { compareQuantities, formatQuantity, type Quantity } from '@sluice/core';
import { fieldsOf, isSet, itemsOf, withField, type Fields } from '../common/index.js';
import { mapOf } from '../common/fields.js';
import { metaOf, namespaceOf } from '../common/meta.js';
import { addQuantities, isMore, quantityOf, shownQuantity } from '../common/quantities.js';
import type { WriteContext } from '../context.js';

/** What the LimitRanges of its namespace make of a pod: requests and limits it does not name, and a refusal of what is out of range. */
export function limitPod(object: Fields, { lookup }: WriteContext): Fields | string {
  const limits = lookup.list('v1', 'LimitRange', namespaceOf(object)).flatMap((range) => itemsOf(fieldsOf(range['spec'])['limits']));
  if (limits.length === 0) return object;
  let result = object;
  for (const limit of limits) if (limit['type'] === 'Container') result = withContainerDefaults(result, limit);
  for (const limit of limits) {
    const fault =
      limit['type'] === 'Container' ? containersFault(result, limit) : limit['type'] === 'Pod' ? podFault(result, limit) : undefined;
    if (fault !== undefined) return fault;
  }
  return result;
}

function withContainerDefaults(object: Fields, limit: Fields): Fields {
  const notes: string[] = [];
  let spec = fieldsOf(object['spec']);
  for (const [list, label] of [
    ['containers', 'container'],
    ['initContainers', 'init container'],
  ] as const) {
    if (!isSet(spec[list])) continue;
    const containers = itemsOf(spec[list]).map((container) => {
      const resources = fieldsOf(container['resources']);
      const requests = filled(resources['requests'], limit['defaultRequest']);
      const limits = filled(resources['limits'], limit['default']);
      const set: string[] = [];
      if (requests.added.length > 0) set.push(`${requests.added.join(', ')} request`);
      if (limits.added.length > 0) set.push(`${limits.added.join(', ')} limit`);
      if (set.length === 0) return container;
      notes.push(...set.map((text) => `${text} for ${label} ${String(container['name'])}`));
      const changed = {
        ...resources,
        ...(requests.added.length > 0 && { requests: requests.values }),
        ...(limits.added.length > 0 && { limits: limits.values }),
      };
      return { ...container, resources: changed };
    });
    spec = withField(spec, list, containers);
  }
  if (notes.length === 0) return object;
  const meta = metaOf(object);
  const annotations = { ...mapOf(meta['annotations']), 'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${notes.join('; ')}` };
  return { ...object, metadata: { ...meta, annotations }, spec };
}

function filled(present: unknown, defaults: unknown): { values: Fields; added: readonly string[] } {
  const values = fieldsOf(present);
  const added = Object.keys(fieldsOf(defaults))
    .filter((name) => !isSet(values[name]))
    .sort();
  return { values: added.length === 0 ? values : { ...fieldsOf(defaults), ...values }, added };
}

function containersFault(object: Fields, limit: Fields): string | undefined {
  const spec = fieldsOf(object['spec']);
  for (const container of [...itemsOf(spec['containers']), ...itemsOf(spec['initContainers'])]) {
    const fault = rangeFault('Container', fieldsOf(container['resources']), limit);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function podFault(object: Fields, limit: Fields): string | undefined {
  const totals = { requests: new Map<string, Quantity>(), limits: new Map<string, Quantity>() };
  for (const container of itemsOf(fieldsOf(object['spec'])['containers'])) {
    const resources = fieldsOf(container['resources']);
    for (const list of ['requests', 'limits'] as const) {
      for (const [name, amount] of Object.entries(fieldsOf(resources[list]))) {
        totals[list].set(name, addQuantities(totals[list].get(name), quantityOf(amount)));
      }
    }
  }
  return rangeFault('Pod', { requests: shown(totals.requests), limits: shown(totals.limits) }, limit);
}

function rangeFault(type: string, resources: Fields, limit: Fields): string | undefined {
  const requests = fieldsOf(resources['requests']);
  const limits = fieldsOf(resources['limits']);
  const faults: string[] = [];
  for (const [name, minimum] of Object.entries(fieldsOf(limit['min']))) {
    const text = `minimum ${name} usage per ${type} is ${shownQuantity(minimum)}`;
    if (!isSet(requests[name])) faults.push(`${text}.  No request is specified`);
    else if (isMore(minimum, requests[name])) faults.push(`${text}, but request is ${shownQuantity(requests[name])}`);
    else if (isSet(limits[name]) && isMore(minimum, limits[name])) faults.push(`${text}, but limit is ${shownQuantity(limits[name])}`);
  }
  for (const [name, maximum] of Object.entries(fieldsOf(limit['max']))) {
    const text = `maximum ${name} usage per ${type} is ${shownQuantity(maximum)}`;
    if (!isSet(limits[name])) faults.push(`${text}.  No limit is specified`);
    else if (isMore(limits[name], maximum)) faults.push(`${text}, but limit is ${shownQuantity(limits[name])}`);
    else if (isSet(requests[name]) && isMore(requests[name], maximum))
      faults.push(`${text}, but request is ${shownQuantity(requests[name])}`);
  }
  for (const [name, ratio] of Object.entries(fieldsOf(limit['maxLimitRequestRatio']))) {
    const [request, max] = [quantityOf(requests[name]), quantityOf(limits[name])];
    if (request.nano === 0n || max.nano === 0n) {
      faults.push(`${name} max limit to request ratio per ${type} is ${shownQuantity(ratio)}, but no request is specified or request is 0`);
    } else if (
      compareQuantities(
        { nano: max.nano * 1_000_000_000n, format: 'DecimalSI' },
        { nano: request.nano * quantityOf(ratio).nano, format: 'DecimalSI' },
      ) > 0
    ) {
      faults.push(
        `${name} max limit to request ratio per ${type} is ${shownQuantity(ratio)}, but provided ratio is ${(Number(max.nano) / Number(request.nano)).toFixed(6)}`,
      );
    }
  }
  return faults.length === 0 ? undefined : faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`;
}

function shown(map: ReadonlyMap<string, Quantity>): Fields {
  return Object.fromEntries(Array.from(map, ([name, amount]) => [name, formatQuantity(amount)]));
}
