import { deepEqual } from '@sluice/core';
import { forbidden, invalid, required, type FieldError } from '@sluice/schema';
import {
  defaults,
  fieldsOf,
  isSet,
  mapOf,
  pipe,
  stringsOf,
  textOf,
  within,
  withField,
  zeroDefaults,
  type Edit,
  type Fields,
} from '../common/index.js';
import { diffInternal } from '../common/go-print.js';
import { metaOf, nameOf } from '../common/meta.js';
import { check, dns1123Subdomain } from '../common/names.js';
import { fractionWarnings, isMore, quantityOf } from '../common/quantities.js';
import { checkOneOf, validateSelector } from '../common/selectors.js';
import type { KindRules } from '../context.js';

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES = ['Block', 'Filesystem'];
/** How claims and volumes named their class before there was a field. */
export const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export const claimDefaults: Edit = pipe(
  within('spec', defaults({ volumeMode: 'Filesystem' })),
  within('status', zeroDefaults({ phase: 'Pending' })),
);

/** The two ways to name a source of data say the same; what cannot be a source is left out. */
const withDataSources: Edit = (spec) => {
  const { dataSource, dataSourceRef } = spec;
  if (isSet(dataSource) && !isDataSource(fieldsOf(dataSource))) return withField(spec, 'dataSource', undefined);
  if (isSet(dataSource) && !isSet(dataSourceRef)) return withField(spec, 'dataSourceRef', dataSource);
  if (isSet(dataSource) || !isSet(dataSourceRef)) return spec;
  const { apiGroup, kind, name, namespace } = fieldsOf(dataSourceRef);
  return textOf(namespace) === '' && isDataSource(fieldsOf(dataSourceRef))
    ? withField(spec, 'dataSource', { apiGroup: apiGroup ?? null, kind, name })
    : spec;
};

function isDataSource({ apiGroup, kind }: Fields): boolean {
  if (kind === 'PersistentVolumeClaim') return textOf(apiGroup) === '';
  return kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io';
}

export const persistentVolumeClaim: KindRules = {
  namespaced: true,
  defaults: claimDefaults,
  create: (object) =>
    within('spec', withDataSources)(withFinalizer(withField(object, 'status', { phase: 'Pending' }), 'kubernetes.io/pvc-protection')),
  update: (next, live) => withField(next, 'status', live['status']),
  validate: (object, faults) => validateClaimSpec(fieldsOf(object['spec']), faults, 'spec'),
  validateUpdate: validateClaimUpdate,
  revalidate: true,
  warnings: (object) => [
    ...(hasClassAnnotation(object)
      ? [`metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`]
      : []),
    ...claimWarnings(fieldsOf(object['spec']), 'spec'),
  ],
  admit: (object, live, { lookup }) => {
    const spec = fieldsOf(object['spec']);
    if (live !== undefined || isSet(spec['storageClassName'])) return object;
    if (hasClassAnnotation(object)) return object;
    const byDefault = lookup
      .list('storage.k8s.io/v1', 'StorageClass')
      .filter((item) => item.metadata.annotations?.[DEFAULT_CLASS] === 'true')
      .sort((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''))
      .at(-1);
    return byDefault === undefined ? object : withField(object, 'spec', withField(spec, 'storageClassName', nameOf(byDefault)));
  },
};

function hasClassAnnotation(object: Fields): boolean {
  return Object.hasOwn(mapOf(metaOf(object)['annotations']), CLASS_ANNOTATION);
}

/** There are no parts of a byte. */
export function claimWarnings(spec: Fields, path: string): readonly string[] {
  const resources = fieldsOf(spec['resources']);
  return ['requests', 'limits'].flatMap((list) => fractionWarnings(resources, list, 'storage', path));
}

/** Storage in use is protected by a finalizer that the protection controller takes off. */
export function withFinalizer(object: Fields, finalizer: string): Fields {
  const meta = metaOf(object);
  const finalizers = stringsOf(meta['finalizers']);
  if (finalizers.includes(finalizer)) return object;
  return withField(object, 'metadata', withField(meta, 'finalizers', [...finalizers, finalizer]));
}

export function validateClaimSpec(spec: Fields, faults: FieldError[], path: string): void {
  const modes = stringsOf(spec['accessModes']);
  if (modes.length === 0) faults.push(required(`${path}.accessModes`, 'at least 1 access mode is required'));
  validateSelector(spec['selector'], faults, `${path}.selector`);
  for (const mode of modes) checkOneOf(faults, `${path}.accessModes`, mode, ACCESS_MODES);
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    faults.push(forbidden(`${path}.accessModes`, 'may not use ReadWriteOncePod with other access modes'));
  }
  const storage = fieldsOf(fieldsOf(spec['resources'])['requests'])['storage'];
  const at = `${path}.resources[storage]`;
  if (!isSet(storage)) faults.push(required(at));
  else if (quantityOf(storage).nano <= 0n) faults.push(invalid(at, storage, 'must be greater than zero'));
  const className = textOf(spec['storageClassName']);
  if (className !== '') check(faults, `${path}.storageClassName`, className, dns1123Subdomain);
  for (const field of ['dataSource', 'dataSourceRef']) {
    if (!isSet(spec[field])) continue;
    const source = fieldsOf(spec[field]);
    for (const part of ['name', 'kind']) if (textOf(source[part]) === '') faults.push(required(`${path}.${field}.${part}`));
    if (textOf(source['apiGroup']) === '' && textOf(source['kind']) !== 'PersistentVolumeClaim')
      faults.push(
        invalid(`${path}.${field}`, source['kind'] ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
      );
  }
  if (isSet(spec['volumeMode'])) checkOneOf(faults, `${path}.volumeMode`, textOf(spec['volumeMode']), VOLUME_MODES);
}

const IMMUTABLE = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

function validateClaimUpdate(next: Fields, live: Fields, faults: FieldError[]): void {
  const after = fieldsOf(next['spec']);
  const before = fieldsOf(live['spec']);
  const bound = fieldsOf(live['status'])['phase'] === 'Bound';
  let allowed = after;
  // Binding fills in the volume; a bound claim may grow.
  if (textOf(before['volumeName']) === '') allowed = withField(allowed, 'volumeName', before['volumeName']);
  if (bound) {
    const resources = fieldsOf(allowed['resources']);
    const requests = withField(fieldsOf(resources['requests']), 'storage', request(before));
    allowed = withField(allowed, 'resources', withField(resources, 'requests', requests));
    allowed = withField(allowed, 'volumeAttributesClassName', before['volumeAttributesClassName']);
  }
  if (!deepEqual(allowed, before)) {
    faults.push(forbidden('spec', `${IMMUTABLE}\n${diffInternal('PersistentVolumeClaimSpec', before, allowed)}`));
  }
  if (bound && isMore(request(before), request(after))) {
    faults.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
}

function request(spec: Fields): unknown {
  return fieldsOf(fieldsOf(spec['resources'])['requests'])['storage'];
}
