import { duplicate, forbidden, invalid, required, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, itemsOf, numberOf, textOf, type Fields } from '../common/index.js';
import { check, dns1123Label } from '../common/names.js';
import { validateDescendingPath } from '../common/paths.js';
import { quantityOf } from '../common/quantities.js';
import { checkOneOf } from '../common/selectors.js';
import { validateFieldRef, validateResourceFieldRef } from './env.js';
import { VOLUME_SOURCES } from './defaults.js';

const MODE_FAULT = 'must be a number between 0 and 0777 (octal), both inclusive';
const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
/** What a source can't be without. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  secret: ['secretName'],
  configMap: ['name'],
  persistentVolumeClaim: ['claimName'],
  nfs: ['server', 'path'],
  gitRepo: ['repository'],
  csi: ['driver'],
  hostPath: ['path'],
  cephfs: ['monitors'],
  cinder: ['volumeID'],
  glusterfs: ['endpoints', 'path'],
  awsElasticBlockStore: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  azureFile: ['secretName', 'shareName'],
  flexVolume: ['driver'],
  gcePersistentDisk: ['pdName'],
  vsphereVolume: ['volumePath'],
};

/** Faults of a pod's volumes. Answers with the names that mounts may use. */
export function validateVolumes(volumes: readonly Fields[], faults: FieldError[], path: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    const before = faults.length;
    validateSource(volume, faults, at);
    const name = textOf(volume['name']);
    if (name === '') faults.push(required(`${at}.name`));
    else check(faults, `${at}.name`, name, dns1123Label);
    if (names.has(name)) faults.push(duplicate(`${at}.name`, name));
    if (faults.length === before) names.add(name);
  }
  return names;
}

function validateSource(volume: Fields, faults: FieldError[], path: string): void {
  let found = 0;
  for (const kind of VOLUME_SOURCES) {
    if (!isSet(volume[kind])) continue;
    if (found++ > 0) faults.push(forbidden(`${path}.${kind}`, 'may not specify more than 1 volume type'));
    else validateSourceKind(kind, fieldsOf(volume[kind]), faults, `${path}.${kind}`);
  }
  if (found === 0) faults.push(required(path, 'must specify a volume type'));
}

/** Faults of one volume source; also of those a PersistentVolume has. */
export function validateSourceKind(kind: string, source: Fields, faults: FieldError[], path: string): void {
  for (const field of REQUIRED[kind] ?? []) {
    const value = source[field];
    if (!isSet(value) || value === '' || (Array.isArray(value) && value.length === 0)) faults.push(required(`${path}.${field}`));
  }
  switch (kind) {
    case 'secret':
    case 'configMap':
      checkMode(source['defaultMode'], faults, `${path}.defaultMode`);
      validateKeys(itemsOf(source['items']), faults, `${path}.items`);
      break;
    case 'hostPath':
      if (textOf(source['path']) === '') break;
      if (textOf(source['path']).split('/').includes('..')) faults.push(invalid(`${path}.path`, source['path'], "must not contain '..'"));
      checkOneOf(faults, `${path}.type`, textOf(source['type']), HOST_PATH_TYPES);
      break;
    case 'emptyDir':
      if (isSet(source['sizeLimit']) && quantityOf(source['sizeLimit']).nano < 0n) {
        faults.push(forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
      }
      break;
    case 'nfs':
      if (!textOf(source['path']).startsWith('/')) faults.push(invalid(`${path}.path`, textOf(source['path']), 'must be an absolute path'));
      break;
    case 'downwardAPI':
      checkMode(source['defaultMode'], faults, `${path}.defaultMode`);
      validateDownward(itemsOf(source['items']), faults, path);
      break;
    case 'projected':
      checkMode(source['defaultMode'], faults, `${path}.defaultMode`);
      validateProjections(itemsOf(source['sources']), faults, path);
      break;
    case 'ephemeral':
      if (!isSet(source['volumeClaimTemplate'])) faults.push(required(`${path}.volumeClaimTemplate`));
      break;
  }
}

function validateKeys(items: readonly Fields[], faults: FieldError[], path: string): void {
  for (const [index, item] of items.entries()) {
    const at = `${path}[${index}]`;
    if (textOf(item['key']) === '') faults.push(required(`${at}.key`));
    checkItemPath(item, faults, at);
  }
}

/** Faults of items of the downward API, all shown as the volume's own. */
function validateDownward(items: readonly Fields[], faults: FieldError[], at: string): void {
  for (const item of items) {
    checkItemPath(item, faults, at);
    if (isSet(item['fieldRef'])) {
      const allowed = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
      validateFieldRef(fieldsOf(item['fieldRef']), allowed, faults, `${at}.fieldRef`);
      if (isSet(item['resourceFieldRef']))
        faults.push(invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    } else if (isSet(item['resourceFieldRef'])) {
      if (textOf(fieldsOf(item['resourceFieldRef'])['containerName']) === '') {
        faults.push(required(`${at}.resourceFieldRef.containerName`));
        continue;
      }
      validateResourceFieldRef(fieldsOf(item['resourceFieldRef']), faults, `${at}.resourceFieldRef`);
    } else {
      faults.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
    }
  }
}

function validateProjections(sources: readonly Fields[], faults: FieldError[], path: string): void {
  for (const [index, source] of sources.entries()) {
    const at = `${path}.sources[${index}]`;
    for (const kind of ['secret', 'configMap']) {
      if (!isSet(source[kind])) continue;
      const projection = fieldsOf(source[kind]);
      if (textOf(projection['name']) === '') faults.push(required(`${at}.${kind}.name`));
      validateKeys(itemsOf(projection['items']), faults, `${at}.${kind}.items`);
    }
    if (isSet(source['downwardAPI'])) validateDownward(itemsOf(fieldsOf(source['downwardAPI'])['items']), faults, `${at}.downwardAPI`);
    if (!isSet(source['serviceAccountToken'])) continue;
    const token = fieldsOf(source['serviceAccountToken']);
    const seconds = numberOf(token['expirationSeconds']);
    if (seconds < 600)
      faults.push(invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
    if (seconds > 2 ** 32)
      faults.push(invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
    if (textOf(token['path']) === '') faults.push(required(`${path}.path`));
  }
}

function checkItemPath(item: Fields, faults: FieldError[], path: string): void {
  const value = textOf(item['path']);
  if (value === '') faults.push(required(`${path}.path`));
  else {
    validateDescendingPath(value, faults, `${path}.path`);
    if (value.startsWith('..') && !value.startsWith('../')) faults.push(invalid(`${path}.path`, value, "must not start with '..'"));
  }
  checkMode(item['mode'], faults, `${path}.mode`);
}

function checkMode(mode: unknown, faults: FieldError[], path: string): void {
  if (typeof mode === 'number' && (mode < 0 || mode > 0o777)) faults.push(invalid(path, mode, MODE_FAULT));
}
