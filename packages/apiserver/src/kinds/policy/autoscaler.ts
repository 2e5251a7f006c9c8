import { forbidden, invalid, notSupported, required, type FieldError } from '@sluice/schema';
import { at, defaults, fieldsOf, isSet, itemsOf, mapOf, numberOf, pipe, textOf, within, withField, type Fields } from '../common/index.js';
import { metaOf } from '../common/meta.js';
import { quantityOf, shownQuantity } from '../common/quantities.js';
import { segmentNames } from '../common/names.js';
import { checkOneOf } from '../common/selectors.js';
import type { KindRules } from '../context.js';

const CPU_AT_80 = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };
const UP = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const DOWN = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };

/** autoscaling/v2: what the older version means by a CPU percentage is one metric among others here. */
export const autoscaler: KindRules = {
  namespaced: true,
  hasStatus: true,
  defaults: within(
    'spec',
    pipe(
      defaults({ minReplicas: 1 }),
      (spec) => (itemsOf(spec['metrics']).length > 0 ? spec : withField(spec, 'metrics', [CPU_AT_80])),
      at('behavior', pipe(within('scaleUp', defaults(UP)), within('scaleDown', defaults(DOWN)))),
    ),
  ),
  validate: (object, faults) => validateSpec(fieldsOf(object['spec']), faults),
};

/** autoscaling/v1. Its CPU percentage gets its default when the object becomes a v2 one. */
export const autoscalerV1: KindRules = {
  namespaced: true,
  hasStatus: true,
  defaults: (object) => {
    const result = within('spec', defaults({ minReplicas: 1 }))(object);
    const spec = fieldsOf(result['spec']);
    const hasMetrics = Object.hasOwn(mapOf(metaOf(result)['annotations']), METRICS);
    return isSet(spec['targetCPUUtilizationPercentage']) || hasMetrics
      ? result
      : withField(result, 'spec', withField(spec, 'targetCPUUtilizationPercentage', 80));
  },
  validate: (object, faults) => validateSpec(fieldsOf(toV2(object)['spec']), faults),
};

function validateSpec(spec: Fields, faults: FieldError[]): void {
  const min = numberOf(spec['minReplicas']);
  const max = numberOf(spec['maxReplicas']);
  if (isSet(spec['minReplicas']) && min < 1) faults.push(invalid('spec.minReplicas', min, 'must be greater than or equal to 1'));
  if (max < 1) faults.push(invalid('spec.maxReplicas', max, 'must be greater than 0'));
  if (isSet(spec['minReplicas']) && max < min)
    faults.push(invalid('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'));
  const target = fieldsOf(spec['scaleTargetRef']);
  const apiVersion = textOf(target['apiVersion']);
  if (!apiVersion.includes('/') && !CORE_SCALABLE.has(textOf(target['kind'])))
    faults.push(invalid('spec.scaleTargetRef.apiVersion', apiVersion, 'apiVersion must specify API group'));
  for (const field of ['kind', 'name']) {
    const value = textOf(target[field]);
    if (value === '') faults.push(required(`spec.scaleTargetRef.${field}`));
    else for (const fault of segmentNames(value, false)) faults.push(invalid(`spec.scaleTargetRef.${field}`, value, fault));
  }
  for (const [index, metric] of itemsOf(spec['metrics']).entries()) validateMetric(metric, faults, `spec.metrics[${index}]`);
  for (const direction of ['scaleUp', 'scaleDown']) {
    const rules = fieldsOf(fieldsOf(spec['behavior'])[direction]);
    const path = `spec.behavior.${direction}`;
    const window = rules['stabilizationWindowSeconds'];
    if (isSet(window) && numberOf(window) < 0)
      faults.push(invalid(`${path}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
    if (isSet(window) && numberOf(window) > 3600)
      faults.push(invalid(`${path}.stabilizationWindowSeconds`, window, 'must be less than or equal to 3600'));
    if (isSet(rules['selectPolicy'])) checkOneOf(faults, `${path}.selectPolicy`, textOf(rules['selectPolicy']), ['Disabled', 'Max', 'Min']);
    if (isSet(fieldsOf(spec['behavior'])[direction]) && itemsOf(rules['policies']).length === 0)
      faults.push(required(`${path}.policies`, 'must specify at least one Policy'));
    for (const [index, policy] of itemsOf(rules['policies']).entries()) {
      const at = `${path}.policies[${index}]`;
      checkOneOf(faults, `${at}.type`, textOf(policy['type']), ['Percent', 'Pods']);
      for (const field of ['value', 'periodSeconds']) {
        if (numberOf(policy[field]) <= 0) faults.push(invalid(`${at}.${field}`, numberOf(policy[field]), 'must be greater than zero'));
      }
      if (numberOf(policy['periodSeconds']) > 1800)
        faults.push(invalid(`${at}.periodSeconds`, policy['periodSeconds'], 'must be less than or equal to 1800'));
    }
  }
}

/** What the core group can scale: its version has no slash. */
const CORE_SCALABLE = new Set(['ReplicationController']);

const SOURCES: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

const MISSING_TARGET: Readonly<Record<string, string>> = {
  pods: 'must specify a positive target averageValue',
  object: 'must set either a target value or averageValue',
  external: 'must set either a target value for metric or a per-pod target',
};

function validateMetric(metric: Fields, faults: FieldError[], path: string): void {
  const type = textOf(metric['type']);
  const expected = Object.hasOwn(SOURCES, type) ? SOURCES[type] : undefined;
  // The API server looks twice.
  if (type === '') faults.push(required(`${path}.type`, 'must specify a metric source type'));
  if (expected === undefined)
    faults.push(notSupported(`${path}.type`, type, Object.keys(SOURCES)), notSupported(`${path}.type`, type, Object.keys(SOURCES)));
  else if (!isSet(metric[expected])) faults.push(required(`${path}.${expected}`, 'must populate information for the given metric source'));
  const present = Object.values(SOURCES).filter((source) => isSet(metric[source]));
  if (present.length !== 1) {
    for (const source of present)
      if (source !== expected) faults.push(forbidden(`${path}.${source}`, 'must populate the given metric source only'));
  }
  const [kind] = present;
  if (kind === undefined) return;
  const source = fieldsOf(metric[kind]);
  const resource = kind === 'resource' || kind === 'containerResource';
  if (resource && textOf(source['name']) === '') faults.push(required(`${path}.${kind}.name`, 'must specify a resource name'));
  if (kind === 'containerResource' && textOf(source['container']) === '')
    faults.push(required(`${path}.${kind}.container`, 'must specify a container'));
  if (!resource) {
    const metricName = textOf(fieldsOf(source['metric'])['name']);
    if (metricName === '') faults.push(required(`${path}.${kind}.metric.name`, 'must specify a metric name'));
    else for (const fault of segmentNames(metricName, false)) faults.push(invalid(`${path}.${kind}.metric.name`, metricName, fault));
  }
  if (kind === 'object') {
    for (const field of ['kind', 'name'])
      if (textOf(fieldsOf(source['describedObject'])[field]) === '') faults.push(required(`${path}.object.describedObject.${field}`));
  }
  const target = fieldsOf(source['target']);
  validateTarget(target, resource, faults, `${path}.${kind}.target`);
  const missing = MISSING_TARGET[kind];
  if (missing !== undefined && !isSet(target['averageValue']) && (kind === 'pods' || !isSet(target['value'])))
    faults.push(required(`${path}.${kind}.target.averageValue`, missing));
}

function validateTarget(target: Fields, resource: boolean, faults: FieldError[], path: string): void {
  const type = textOf(target['type']);
  if (type === '') faults.push(required(`${path}.type`, 'must specify a metric target type'));
  if (!['Utilization', 'Value', 'AverageValue'].includes(type))
    faults.push(invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  for (const field of ['value', 'averageValue']) {
    if (isSet(target[field]) && quantityOf(target[field]).nano <= 0n)
      faults.push(invalid(`${path}.${field}`, shownQuantity(target[field]), 'must be positive'));
  }
  const utilization = target['averageUtilization'];
  if (isSet(utilization) && numberOf(utilization) < 1)
    faults.push(invalid(`${path}.averageUtilization`, utilization, 'must be greater than 0'));
  if (!resource) return;
  if (!isSet(utilization) && !isSet(target['averageValue'])) {
    faults.push(required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'));
  } else if (isSet(utilization) && isSet(target['averageValue'])) {
    faults.push(forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'));
  }
}

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics';

/** An autoscaler of autoscaling/v1 as one of v2. What v1 has no fields for comes out of annotations. */
export function toV2(object: Fields): Fields {
  const { targetCPUUtilizationPercentage: percentage, ...spec } = fieldsOf(object['spec']);
  const { currentCPUUtilizationPercentage: current, ...status } = fieldsOf(object['status']);
  const meta = metaOf(object);
  const annotations = mapOf(meta['annotations']);
  const cpu = isSet(percentage)
    ? [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percentage } } }]
    : [];
  const metrics = [...parsed<unknown[]>(annotations[METRICS], []), ...cpu];
  const behavior = parsed<unknown>(annotations[BEHAVIOR], undefined);
  const currentCpu = isSet(current) ? [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current } } }] : [];
  const currentMetrics = [...parsed<unknown[]>(annotations[CURRENT_METRICS], []), ...currentCpu];
  const conditions = parsed<unknown[] | undefined>(annotations[CONDITIONS], undefined);
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(meta, (key) => ![METRICS, BEHAVIOR, CONDITIONS, CURRENT_METRICS].includes(key), {}),
    spec: { ...spec, ...(metrics.length > 0 && { metrics }), ...(behavior !== undefined && { behavior }) },
    status: { ...status, ...(currentMetrics.length > 0 && { currentMetrics }), ...(conditions !== undefined && { conditions }) },
  };
}

/** An autoscaler of autoscaling/v2 as one of v1. What v1 has no fields for goes to annotations. */
export function toV1(object: Fields): Fields {
  const { metrics, behavior, ...spec } = fieldsOf(object['spec']);
  const { currentMetrics, conditions, ...status } = fieldsOf(object['status']);
  const cpu = itemsOf(metrics).find((metric) => isCpu(metric) && isSet(targetOf(metric)['averageUtilization']));
  const others = itemsOf(metrics).filter((metric) => metric !== cpu);
  const currentCpu = itemsOf(currentMetrics).find(
    (metric) => isCpu(metric) && isSet(fieldsOf(fieldsOf(metric['resource'])['current'])['averageUtilization']),
  );
  const currentOthers = itemsOf(currentMetrics).filter((metric) => metric !== currentCpu);
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(metaOf(object), () => true, {
      ...(others.length > 0 && { [METRICS]: JSON.stringify(others) }),
      ...(isSet(behavior) && { [BEHAVIOR]: JSON.stringify(behavior) }),
      ...(currentOthers.length > 0 && { [CURRENT_METRICS]: JSON.stringify(currentOthers) }),
      ...(itemsOf(conditions).length > 0 && { [CONDITIONS]: JSON.stringify(conditions) }),
    }),
    spec: { ...spec, ...(cpu !== undefined && { targetCPUUtilizationPercentage: targetOf(cpu)['averageUtilization'] }) },
    status: {
      ...status,
      ...(currentCpu !== undefined && {
        currentCPUUtilizationPercentage: fieldsOf(fieldsOf(currentCpu['resource'])['current'])['averageUtilization'],
      }),
    },
  };
}

function withAnnotations(meta: Fields, keep: (key: string) => boolean, more: Readonly<Record<string, string>>): Fields {
  const before = mapOf(meta['annotations']);
  const kept = Object.fromEntries(Object.entries(before).filter(([key]) => keep(key)));
  const after = { ...kept, ...more };
  return withField(meta, 'annotations', Object.keys(after).length === 0 ? undefined : after);
}

function parsed<T>(text: string | undefined, fallback: T): T {
  if (text === undefined) return fallback;
  try {
    return JSON.parse(text) as T;
  } catch {
    return fallback;
  }
}

function isCpu(metric: Fields): boolean {
  return metric['type'] === 'Resource' && fieldsOf(metric['resource'])['name'] === 'cpu';
}

function targetOf(metric: Fields): Fields {
  return fieldsOf(fieldsOf(metric['resource'])['target']);
}
