import { deepEqual, groupOf, isJsonObject, setOwn, type KubeObject } from '@sluice/core';

/**
 * The object as it is sent: without a status (but for CRDs, whose health is read from it), ports with their protocol
 * (it belongs to the key of the list), a Secret's `stringData` as `data` (an apply would own both and never let go).
 */
export function normalizeDesired(object: KubeObject): KubeObject {
  const { status, ...rest } = object as KubeObject & { status?: unknown };
  const withoutStatus = rest as KubeObject;
  switch (`${groupOf(object.apiVersion)}/${object.kind}`) {
    case 'apiextensions.k8s.io/CustomResourceDefinition':
      return withoutCaPlaceholder(status === undefined ? withoutStatus : object);
    case '/Secret':
      return withData(withoutStatus);
    case '/Service':
      return changed(withoutStatus, ['spec', 'ports'], withProtocols);
    case '/Pod':
      return changed(withoutStatus, ['spec', 'containers'], withContainerProtocols);
    case 'apps/Deployment':
    case 'apps/StatefulSet':
    case 'apps/DaemonSet':
    case 'apps/ReplicaSet':
    case 'batch/Job':
      return changed(withoutStatus, ['spec', 'template', 'spec', 'containers'], withContainerProtocols);
    case 'batch/CronJob':
      return changed(withoutStatus, ['spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers'], withContainerProtocols);
    default:
      return withoutStatus;
  }
}

/** Before 1.27 the server answers a dry run of an autoscaler with its first metric twice and an empty one at the end. */
export function normalizeDryRun(object: KubeObject): KubeObject {
  if (object.kind !== 'HorizontalPodAutoscaler') return object;
  return changed(object, ['spec', 'metrics'], (metrics) =>
    Array.isArray(metrics)
      ? metrics.filter(
          (metric, index) =>
            isJsonObject(metric) &&
            metric['type'] !== '' &&
            metric['type'] !== undefined &&
            metrics.findIndex((other) => deepEqual(other, metric)) === index,
        )
      : metrics,
  );
}

/** The object with one place changed, sharing the rest; the object itself when the place is not there. */
function changed<T extends object>(object: T, [key, ...rest]: readonly [string, ...string[]], change: (value: unknown) => unknown): T {
  const value = (object as Record<string, unknown>)[key];
  if (value === undefined) return object;
  const [next, ...more] = rest;
  const result = next === undefined ? change(value) : isJsonObject(value) ? changed(value, [next, ...more], change) : value;
  return result === value ? object : { ...object, [key]: result };
}

function withContainerProtocols(containers: unknown): unknown {
  if (!Array.isArray(containers)) return containers;
  return containers.map((container: unknown) => (isJsonObject(container) ? changed(container, ['ports'], withProtocols) : container));
}

function withProtocols(ports: unknown): unknown {
  if (!Array.isArray(ports) || ports.every((port) => !isJsonObject(port) || 'protocol' in port)) return ports;
  return ports.map((port: unknown) => (isJsonObject(port) && !('protocol' in port) ? { ...port, protocol: 'TCP' } : port));
}

function withData(secret: KubeObject): KubeObject {
  const { stringData, ...rest } = secret as KubeObject & { stringData?: unknown };
  const before = secret['data'] ?? {};
  if (!isJsonObject(stringData) || !isJsonObject(before)) return secret;
  if (Object.values(stringData).some((value) => typeof value !== 'string')) return secret;
  const data = { ...before };
  for (const [key, value] of Object.entries(stringData)) setOwn(data, key, Buffer.from(value as string).toString('base64'));
  return { ...(rest as KubeObject), ...(Object.keys(data).length === 0 ? {} : { data }) };
}

/** A conversion webhook's CA that is no certificate is a placeholder for an injector, and the server would refuse it. */
function withoutCaPlaceholder(crd: KubeObject): KubeObject {
  return changed(crd, ['spec', 'conversion', 'webhook', 'clientConfig'], (config) => {
    if (!isJsonObject(config) || typeof config['caBundle'] !== 'string' || config['caBundle'] === '' || isCertificate(config['caBundle']))
      return config;
    const { caBundle: _, ...rest } = config;
    return rest;
  });
}

function isCertificate(base64: string): boolean {
  return /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(Buffer.from(base64, 'base64').toString('latin1'));
}
