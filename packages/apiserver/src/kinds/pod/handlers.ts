import { forbidden, invalid, notSupported, required, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, itemsOf, numberOf, stringsOf, textOf, type Fields } from '../common/index.js';
import { check, checkNonNegative, checkPort, httpHeaderName, portName } from '../common/names.js';

/** Faults of probes and lifecycle hooks. */
export function validateProbes(container: Fields, faults: FieldError[], path: string): void {
  validateProbe(container['livenessProbe'], faults, `${path}.livenessProbe`);
  const readiness = container['readinessProbe'];
  validateProbe(readiness, faults, `${path}.readinessProbe`, false);
  if (isSet(fieldsOf(readiness)['terminationGracePeriodSeconds'])) {
    const value = fieldsOf(readiness)['terminationGracePeriodSeconds'];
    faults.push(invalid(`${path}.readinessProbe.terminationGracePeriodSeconds`, value, 'must not be set for readinessProbes'));
  }
  validateProbe(container['startupProbe'], faults, `${path}.startupProbe`);
  const { postStart, preStop } = fieldsOf(container['lifecycle']);
  if (isSet(postStart)) validateHandler(fieldsOf(postStart), faults, `${path}.lifecycle.postStart`);
  if (isSet(preStop)) validateHandler(fieldsOf(preStop), faults, `${path}.lifecycle.preStop`);
}

/** Liveness and startup probes succeed at once. */
function validateProbe(value: unknown, faults: FieldError[], path: string, once = true): void {
  if (!isSet(value)) return;
  const probe = fieldsOf(value);
  validateHandler(probe, faults, path);
  for (const field of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold']) {
    checkNonNegative(faults, `${path}.${field}`, probe[field]);
  }
  const grace = probe['terminationGracePeriodSeconds'];
  if (typeof grace === 'number' && grace <= 0) {
    faults.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  }
  if (once && probe['successThreshold'] !== 1)
    faults.push(invalid(`${path}.successThreshold`, numberOf(probe['successThreshold']), 'must be 1'));
}

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function validateHandler(handler: Fields, faults: FieldError[], path: string): void {
  let found = 0;
  for (const kind of HANDLERS) {
    if (!isSet(handler[kind])) continue;
    if (found++ > 0) faults.push(forbidden(`${path}.${kind}`, 'may not specify more than 1 handler type'));
    else validateAction(kind, fieldsOf(handler[kind]), faults, `${path}.${kind}`);
  }
  if (found === 0) faults.push(required(path, 'must specify a handler type'));
}

function validateAction(kind: (typeof HANDLERS)[number], action: Fields, faults: FieldError[], path: string): void {
  if (kind === 'exec') {
    if (stringsOf(action['command']).length === 0) faults.push(required(`${path}.command`));
    return;
  }
  if (kind === 'sleep') return;
  if (kind === 'grpc') {
    checkPort(faults, `${path}.port`, numberOf(action['port']));
    return;
  }
  if (kind === 'httpGet') {
    if (textOf(action['path']) === '') faults.push(required(`${path}.path`));
    const scheme = textOf(action['scheme']);
    if (scheme !== 'HTTP' && scheme !== 'HTTPS') faults.push(notSupported(`${path}.scheme`, scheme, ['HTTP', 'HTTPS']));
    for (const header of itemsOf(action['httpHeaders'])) check(faults, `${path}.httpHeaders`, textOf(header['name']), httpHeaderName);
  }
  checkPortOrName(faults, `${path}.port`, action['port']);
}

export function checkPortOrName(faults: FieldError[], path: string, port: unknown): void {
  if (typeof port === 'string') check(faults, path, port, portName);
  else checkPort(faults, path, numberOf(port));
}
