import { forbidden, invalid, required, type FieldError } from '@sluice/schema';
import { fieldsOf, itemsOf, textOf, type Fields } from '../common/index.js';
import { check, qualifiedName } from '../common/names.js';
import { isMore, quantityOf, sameQuantity, shownQuantity } from '../common/quantities.js';

const CONTAINER_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);

const STANDARD_RESOURCES = new Set([
  ...CONTAINER_RESOURCES,
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
  'storage',
  'requests.storage',
]);

/** Whether a resource without a domain is one that Kubernetes knows. */
export function isStandardResource(name: string): boolean {
  return STANDARD_RESOURCES.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-');
}

/** Faults of a container's resources. */
export function validateResources(resources: Fields, faults: FieldError[], path: string): void {
  const limits = fieldsOf(resources['limits']);
  const requests = fieldsOf(resources['requests']);
  let huge = false;
  let compute = false;
  for (const [list, field] of [
    [limits, 'limits'],
    [requests, 'requests'],
  ] as const) {
    for (const name of Object.keys(list)) {
      const at = `${path}.${field}[${name}]`;
      validateContainerResourceName(name, faults, at);
      validateResourceAmount(name, list[name], faults, at);
      huge ||= isHugePages(name);
      compute ||= name === 'cpu' || name === 'memory';
    }
  }
  for (const name of Object.keys(requests)) {
    const request = requests[name];
    if (!Object.hasOwn(limits, name)) {
      if (!mayOvercommit(name)) faults.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
      continue;
    }
    const limit = limits[name];
    if (!mayOvercommit(name) && !sameQuantity(request, limit)) {
      faults.push(invalid(`${path}.requests`, shownQuantity(request), `must be equal to ${name} limit of ${shownQuantity(limit)}`));
    } else if (isMore(request, limit)) {
      const text = `must be less than or equal to ${name} limit of ${shownQuantity(limit)}`;
      faults.push(invalid(`${path}.requests`, shownQuantity(request), text));
    }
  }
  if (huge && !compute) faults.push(forbidden(path, 'HugePages require cpu or memory'));
  for (const [index, claim] of itemsOf(resources['claims']).entries()) {
    if (textOf(claim['name']) === '') faults.push(required(`${path}.claims[${index}].name`));
  }
}

function validateContainerResourceName(name: string, faults: FieldError[], path: string): void {
  check(faults, path, name, qualifiedName);
  if (!name.includes('/')) {
    if (!isStandardResource(name)) faults.push(invalid(path, name, 'must be a standard resource type or fully qualified'));
    if (!CONTAINER_RESOURCES.has(name) && !isHugePages(name))
      faults.push(invalid(path, name, 'must be a standard resource for containers'));
  } else if (!isNative(name) && name.startsWith('requests.')) {
    faults.push(invalid(path, name, "doesn't follow extended resource name standard"));
  }
}

/** An amount of a resource: not negative, and whole where the resource can't be divided. */
export function validateResourceAmount(name: string, amount: unknown, faults: FieldError[], path: string): void {
  const { nano } = quantityOf(amount);
  if (nano < 0n) faults.push(invalid(path, shownQuantity(amount), 'must be greater than or equal to 0'));
  if (!isNative(name) && nano % 1_000_000_000n !== 0n) faults.push(invalid(path, shownQuantity(amount), 'must be an integer'));
}

function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}

function mayOvercommit(name: string): boolean {
  return isNative(name) && !isHugePages(name);
}
