import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, itemsOf, numberOf, textOf, type Fields } from '../common/index.js';
import { check, checkPort, dns1123Label, portName } from '../common/names.js';
import { fieldNotFound } from '../common/faults.js';
import { validateDescendingPath } from '../common/paths.js';
import { checkOneOf } from '../common/selectors.js';
import { validateEnv, validateEnvFrom } from './env.js';
import { validateProbes } from './handlers.js';
import { validateResources } from './resources.js';
import { validateSecurityContext } from './security.js';

/** Faults of a pod's containers, init containers and ephemeral containers. */
export function validateContainers(spec: Fields, volumes: ReadonlySet<string>, faults: FieldError[], path: string): void {
  const containers = itemsOf(spec['containers']);
  const names = new Set<string>();
  if (containers.length === 0) faults.push(required(`${path}.containers`));
  for (const [index, container] of containers.entries()) {
    const at = `${path}.containers[${index}]`;
    validateContainer(container, volumes, faults, at);
    checkUnique(names, textOf(container['name']), faults, `${at}.name`);
    validateProbes(container, faults, at);
  }
  checkHostPorts(containers, faults, `${path}.containers`);

  for (const [index, container] of itemsOf(spec['initContainers']).entries()) {
    const at = `${path}.initContainers[${index}]`;
    validateContainer(container, volumes, faults, at);
    if (textOf(container['name']) !== '') checkUnique(names, textOf(container['name']), faults, `${at}.name`);
    const policy = container['restartPolicy'];
    checkHostPorts([container], faults, `${path}.initContainers`);
    if (policy === 'Always') validateProbes(container, faults, at);
    else {
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']) {
        if (isSet(container[field]))
          faults.push(forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always'));
      }
    }
  }

  for (const [index, container] of itemsOf(spec['ephemeralContainers']).entries()) {
    const at = `${path}.ephemeralContainers[${index}]`;
    validateContainer(container, volumes, faults, at);
    checkUnique(names, textOf(container['name']), faults, `${at}.name`);
    const target = textOf(container['targetContainerName']);
    if (target !== '' && !names.has(target)) faults.push(fieldNotFound(`${at}.targetContainerName`, target));
    for (const field of ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle']) {
      if (isSet(container[field])) faults.push(forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container'));
    }
  }
}

function checkUnique(names: Set<string>, name: string, faults: FieldError[], path: string): void {
  if (names.has(name)) faults.push(duplicate(path, name));
  else names.add(name);
}

function validateContainer(container: Fields, volumes: ReadonlySet<string>, faults: FieldError[], path: string): void {
  const name = textOf(container['name']);
  if (name === '') faults.push(required(`${path}.name`));
  else check(faults, `${path}.name`, name, dns1123Label);
  const image = textOf(container['image']);
  if (image === '') faults.push(required(`${path}.image`));
  const messages = textOf(container['terminationMessagePolicy']);
  if (messages !== 'File' && messages !== 'FallbackToLogsOnError') {
    faults.push(notSupported(`${path}.terminationMessagePolicy`, messages, ['File', 'FallbackToLogsOnError']));
  }
  validatePorts(itemsOf(container['ports']), faults, `${path}.ports`);
  validateEnv(itemsOf(container['env']), faults, `${path}.env`);
  validateEnvFrom(itemsOf(container['envFrom']), faults, `${path}.envFrom`);
  validateMounts(container, volumes, faults, path);
  checkOneOf(faults, `${path}.imagePullPolicy`, textOf(container['imagePullPolicy']), ['Always', 'IfNotPresent', 'Never']);
  validateResources(fieldsOf(container['resources']), faults, `${path}.resources`);
  validateSecurityContext(container['securityContext'], faults, `${path}.securityContext`);
}

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

function validatePorts(ports: readonly Fields[], faults: FieldError[], path: string): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`;
    const name = textOf(port['name']);
    if (name !== '') {
      const before = faults.length;
      check(faults, `${at}.name`, name, portName);
      if (faults.length === before) checkUnique(names, name, faults, `${at}.name`);
    }
    const number = numberOf(port['containerPort']);
    if (number === 0) faults.push(required(`${at}.containerPort`));
    else checkPort(faults, `${at}.containerPort`, number);
    const host = numberOf(port['hostPort']);
    if (host !== 0) checkPort(faults, `${at}.hostPort`, host);
    const protocol = textOf(port['protocol']);
    if (protocol === '') faults.push(required(`${at}.protocol`));
    else checkOneOf(faults, `${at}.protocol`, protocol, PROTOCOLS);
  }
}

function checkHostPorts(containers: readonly Fields[], faults: FieldError[], path: string): void {
  const taken = new Set<string>();
  for (const [index, container] of containers.entries()) {
    for (const [position, port] of itemsOf(container['ports']).entries()) {
      const host = numberOf(port['hostPort']);
      if (host === 0) continue;
      const key = `${textOf(port['protocol'])}/${textOf(port['hostIP'])}/${host}`;
      if (taken.has(key)) faults.push(duplicate(`${path}[${index}].ports[${position}].hostPort`, key));
      taken.add(key);
    }
  }
}

function validateMounts(container: Fields, volumes: ReadonlySet<string>, faults: FieldError[], path: string): void {
  const paths = new Set<string>();
  for (const [index, mount] of itemsOf(container['volumeMounts']).entries()) {
    const at = `${path}.volumeMounts[${index}]`;
    const name = textOf(mount['name']);
    const mountPath = textOf(mount['mountPath']);
    if (name === '') faults.push(required(`${at}.name`));
    if (!volumes.has(name)) faults.push(fieldNotFound(`${at}.name`, name));
    if (mountPath === '') faults.push(required(`${at}.mountPath`));
    if (paths.has(mountPath)) faults.push(invalid(`${at}.mountPath`, mountPath, 'must be unique'));
    paths.add(mountPath);
    const subPath = textOf(mount['subPath']);
    const expression = textOf(mount['subPathExpr']);
    if (subPath !== '') validateDescendingPath(subPath, faults, `${path}.volumeMounts.subPath`);
    if (expression === '') continue;
    if (subPath !== '') faults.push(invalid(`${at}.subPathExpr`, expression, 'subPathExpr and subPath are mutually exclusive'));
    validateDescendingPath(expression, faults, `${path}.volumeMounts.subPathExpr`);
  }
  for (const [index, device] of itemsOf(container['volumeDevices']).entries()) {
    const at = `${path}.volumeDevices[${index}]`;
    const name = textOf(device['name']);
    if (name === '') faults.push(required(`${at}.name`));
    if (textOf(device['devicePath']) === '') faults.push(required(`${at}.devicePath`));
    if (!volumes.has(name)) faults.push(fieldNotFound(`${at}.name`, name));
  }
}
