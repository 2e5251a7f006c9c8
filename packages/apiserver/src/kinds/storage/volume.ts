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
  type Fields,
} from '../common/index.js';
import { diffInternal } from '../common/go-print.js';
import { immutable, metaOf } from '../common/meta.js';
import { check, dns1123Subdomain } from '../common/names.js';
import { quantityOf } from '../common/quantities.js';
import { checkOneOf } from '../common/selectors.js';
import type { KindRules, WriteContext } from '../context.js';
import { sourceDefaults, VOLUME_SOURCES } from '../pod/defaults.js';
import { validateSourceKind } from '../pod/volumes.js';
import { sourceWarnings } from '../pod/warnings.js';
import { ACCESS_MODES, CLASS_ANNOTATION, VOLUME_MODES, withFinalizer } from './claim.js';

const SOURCES = [...VOLUME_SOURCES, 'local'] as const;

const OPTIONS_ANNOTATION = 'volume.beta.kubernetes.io/mount-options';
const MOUNTED_WITH_OPTIONS =
  'gcePersistentDisk awsElasticBlockStore glusterfs nfs rbd quobyte iscsi cinder cephfs azureFile vsphereVolume azureDisk photonPersistentDisk'.split(
    ' ',
  );

export const persistentVolume: KindRules = {
  namespaced: false,
  defaults: pipe(
    within('spec', pipe(zeroDefaults({ persistentVolumeReclaimPolicy: 'Retain' }), defaults({ volumeMode: 'Filesystem' }), sourceDefaults)),
    within('status', zeroDefaults({ phase: 'Pending' })),
  ),
  create: (object, context) => withFinalizer(withField(object, 'status', pendingStatus(context)), 'kubernetes.io/pv-protection'),
  update: (next, live) => withField(next, 'status', live['status']),
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    validateVolume(spec, faults);
    if (Object.hasOwn(mapOf(metaOf(object)['annotations']), OPTIONS_ANNOTATION) && !MOUNTED_WITH_OPTIONS.some((kind) => isSet(spec[kind])))
      faults.push(forbidden(`metadata.annotations.${OPTIONS_ANNOTATION}`, 'may not specify mount options for this volume type'));
  },
  validateUpdate: (next, live, faults) => {
    const after = sourceOf(fieldsOf(next['spec']));
    const before = sourceOf(fieldsOf(live['spec']));
    if (!deepEqual(after, before)) {
      const diff = diffInternal('PersistentVolumeSource', before, after);
      faults.push(forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${diff}`));
    }
    immutable(fieldsOf(next['spec'])['volumeMode'], fieldsOf(live['spec'])['volumeMode'], faults, 'volumeMode');
    if (isSet(fieldsOf(live['spec'])['nodeAffinity'])) {
      immutable(fieldsOf(next['spec'])['nodeAffinity'], fieldsOf(live['spec'])['nodeAffinity'], faults, 'nodeAffinity');
    }
  },
  revalidate: true,
  warnings: volumeWarnings,
};

const OLD_ANNOTATIONS: readonly (readonly [name: string, text: string])[] = [
  [CLASS_ANNOTATION, 'deprecated since v1.8; use "storageClassName" attribute instead'],
  [OPTIONS_ANNOTATION, 'deprecated since v1.31; use "mountOptions" attribute instead'],
];
const RECYCLE_ADVICE = 'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';

function volumeWarnings(object: Fields): readonly string[] {
  const annotations = mapOf(metaOf(object)['annotations']);
  const spec = fieldsOf(object['spec']);
  const warnings = OLD_ANNOTATIONS.filter(([name]) => Object.hasOwn(annotations, name)).map(
    ([name, text]) => `metadata.annotations[${name}]: ${text}`,
  );
  if (spec['persistentVolumeReclaimPolicy'] === 'Recycle') warnings.push(`spec.persistentVolumeReclaimPolicy: ${RECYCLE_ADVICE}`);
  return [...warnings, ...sourceWarnings(spec, 'spec')];
}

function pendingStatus({ now }: WriteContext): Fields {
  return { phase: 'Pending', lastPhaseTransitionTime: now };
}

function sourceOf(spec: Fields): Fields {
  return Object.fromEntries(SOURCES.filter((kind) => isSet(spec[kind])).map((kind) => [kind, spec[kind]]));
}

function validateVolume(spec: Fields, faults: FieldError[]): void {
  const modes = stringsOf(spec['accessModes']);
  if (modes.length === 0) faults.push(required('spec.accessModes'));
  for (const mode of modes) checkOneOf(faults, 'spec.accessModes', mode, ACCESS_MODES);
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    faults.push(forbidden('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'));
  }
  const capacity = fieldsOf(spec['capacity']);
  if (Object.keys(capacity).length === 0) faults.push(required('spec.capacity'));
  else if (!isSet(capacity['storage']) || Object.keys(capacity).length > 1) {
    faults.push({
      reason: 'FieldValueNotSupported',
      field: 'spec.capacity',
      message: `Unsupported value: ${JSON.stringify(capacity)}: supported values: "storage"`,
    });
  }
  for (const name of Object.keys(capacity)) {
    if (quantityOf(capacity[name]).nano <= 0n) faults.push(invalid(`spec.capacity[${name}]`, capacity[name], 'must be greater than zero'));
  }
  checkOneOf(faults, 'spec.persistentVolumeReclaimPolicy', textOf(spec['persistentVolumeReclaimPolicy']), ['Delete', 'Recycle', 'Retain']);
  let found = 0;
  for (const kind of SOURCES) {
    if (!isSet(spec[kind])) continue;
    if (found++ > 0) faults.push(forbidden(`spec.${kind}`, 'may not specify more than 1 volume type'));
    else if (kind === 'local') {
      if (textOf(fieldsOf(spec['local'])['path']) === '') faults.push(required('spec.local.path'));
      if (!isSet(spec['nodeAffinity'])) faults.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
    } else validateSourceKind(kind, fieldsOf(spec[kind]), faults, `spec.${kind}`);
  }
  if (found === 0) faults.push(required('spec', 'must specify a volume type'));
  const className = textOf(spec['storageClassName']);
  if (className !== '') check(faults, 'spec.storageClassName', className, dns1123Subdomain);
  if (isSet(spec['volumeMode'])) checkOneOf(faults, 'spec.volumeMode', textOf(spec['volumeMode']), VOLUME_MODES);
}

const FROZEN = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'];

export const storageClass: KindRules = {
  namespaced: false,
  defaults: defaults({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
  validate: (object, faults) => {
    const provisioner = textOf(object['provisioner']);
    if (provisioner === '') faults.push(required('provisioner'));
    else validateProvisioner(provisioner, faults);
    checkOneOf(faults, 'reclaimPolicy', textOf(object['reclaimPolicy']), ['Delete', 'Retain']);
    checkOneOf(faults, 'volumeBindingMode', textOf(object['volumeBindingMode']), ['Immediate', 'WaitForFirstConsumer']);
    const parameters = fieldsOf(object['parameters']);
    for (const key of Object.keys(parameters)) if (key === '') faults.push(invalid('parameters', key, 'field can not be empty.'));
  },
  validateUpdate: (next, live, faults) => {
    for (const field of FROZEN) {
      if (deepEqual(next[field] ?? null, live[field] ?? null)) continue;
      faults.push(forbidden(field, `updates to ${field} are forbidden.`));
    }
  },
};

function validateProvisioner(name: string, faults: FieldError[]): void {
  for (const fault of dns1123Subdomain(name.toLowerCase().split('/')[0] ?? '')) faults.push(invalid('provisioner', name, fault));
}
