import { deepEqual } from '@sluice/core';
import { forbidden, invalid, required, tooLong, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, itemsOf, mapOf, numberOf, stringsOf, textOf, type Fields } from './fields.js';
import { check, checkNonNegative, labelNames, labelValue, qualifiedName, segmentNames, type NameRule } from './names.js';

const ANNOTATIONS_LIMIT = 256 * 1024;

/** Faults of an object's metadata on its own. */
export function validateMeta(meta: Fields, namespaced: boolean, names: NameRule, faults: FieldError[], path = 'metadata'): void {
  const generateName = textOf(meta['generateName']);
  const name = textOf(meta['name']);
  const namespace = textOf(meta['namespace']);
  if (generateName !== '') for (const fault of names(generateName, true)) faults.push(invalid(`${path}.generateName`, generateName, fault));
  if (name === '') faults.push(required(`${path}.name`, 'name or generateName is required'));
  else for (const fault of names(name, false)) faults.push(invalid(`${path}.name`, name, fault));
  if (!namespaced) {
    if (namespace !== '') faults.push(forbidden(`${path}.namespace`, 'not allowed on this type'));
  } else if (namespace === '') {
    faults.push(required(`${path}.namespace`));
  } else {
    for (const fault of labelNames(namespace, false)) faults.push(invalid(`${path}.namespace`, namespace, fault));
  }
  checkNonNegative(faults, `${path}.generation`, meta['generation']);
  validateLabels(meta['labels'], faults, `${path}.labels`);
  validateAnnotations(meta['annotations'], faults, `${path}.annotations`);
  validateOwners(meta['ownerReferences'], faults, `${path}.ownerReferences`);
  validateFinalizers(stringsOf(meta['finalizers']), faults, `${path}.finalizers`);
}

/** Faults of a change of metadata. */
export function validateMetaUpdate(next: Fields, live: Fields, faults: FieldError[], path = 'metadata'): void {
  if (isSet(live['deletionTimestamp'])) {
    const before = new Set(stringsOf(live['finalizers']));
    const added = stringsOf(next['finalizers']).filter((finalizer) => !before.has(finalizer));
    if (added.length > 0) {
      const listed = [...new Set(added)].sort().map((finalizer) => JSON.stringify(finalizer));
      const text = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${listed.join(', ')}}`;
      faults.push(forbidden(`${path}.finalizers`, text));
    }
  }
  if (numberOf(next['generation']) < numberOf(live['generation'])) {
    faults.push(invalid(`${path}.generation`, next['generation'], 'must not be decremented'));
  }
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds']) {
    immutable(next[field], live[field], faults, `${path}.${field}`);
  }
  validateLabels(next['labels'], faults, `${path}.labels`);
  validateAnnotations(next['annotations'], faults, `${path}.annotations`);
  validateOwners(next['ownerReferences'], faults, `${path}.ownerReferences`);
}

/** The checks that every kind's writes share, whatever the kind says itself. */
export function validateCommonMeta(meta: Fields, namespaced: boolean, faults: FieldError[]): void {
  validateMeta(meta, namespaced, segmentNames, faults);
}

/** `field is immutable`, when the value changed. Null and absent are the same. */
export function immutable(next: unknown, live: unknown, faults: FieldError[], path: string): boolean {
  if (next === live || (!isSet(next) && !isSet(live)) || deepEqual(next, live)) return true;
  faults.push(invalid(path, next, 'field is immutable'));
  return false;
}

export function validateLabels(labels: unknown, faults: FieldError[], path: string): void {
  const map = mapOf(labels);
  for (const key of Object.keys(map)) {
    check(faults, path, key, qualifiedName);
    check(faults, path, textOf(map[key]), labelValue);
  }
}

export function validateAnnotations(annotations: unknown, faults: FieldError[], path: string): void {
  const map = mapOf(annotations);
  let size = 0;
  for (const key of Object.keys(map)) {
    for (const fault of qualifiedName(key.toLowerCase())) faults.push(invalid(path, key, fault));
    size += Buffer.byteLength(key) + Buffer.byteLength(textOf(map[key]));
  }
  if (size > ANNOTATIONS_LIMIT) faults.push(tooLong(path, ANNOTATIONS_LIMIT));
}

function validateOwners(owners: unknown, faults: FieldError[], path: string): void {
  let controller: string | undefined;
  for (const owner of itemsOf(owners)) {
    const apiVersion = textOf(owner['apiVersion']);
    const slash = apiVersion.indexOf('/');
    if (apiVersion.slice(slash + 1) === '') faults.push(invalid(`${path}.apiVersion`, apiVersion, 'version must not be empty'));
    if (textOf(owner['kind']) === '') faults.push(invalid(`${path}.kind`, '', 'must not be empty'));
    if (textOf(owner['name']) === '') faults.push(invalid(`${path}.name`, '', 'must not be empty'));
    if (textOf(owner['uid']) === '') faults.push(invalid(`${path}.uid`, '', 'must not be empty'));
    if (apiVersion === 'v1' && owner['kind'] === 'Event') {
      faults.push(invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (owner['controller'] !== true) continue;
    const current = `${textOf(owner['kind'])}/${textOf(owner['name'])}`;
    if (controller === undefined) controller = current;
    else {
      const text = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`;
      faults.push(invalid(path, owners, text));
    }
  }
}

function validateFinalizers(finalizers: readonly string[], faults: FieldError[], path: string): void {
  for (const finalizer of finalizers) check(faults, path, finalizer, qualifiedName);
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    faults.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
}

const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Built-in kinds of the core group want finalizers that are known or have a domain. */
export function validateCoreFinalizers(meta: Fields, faults: FieldError[]): void {
  for (const [index, finalizer] of stringsOf(meta['finalizers']).entries()) {
    if (finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)) continue;
    faults.push(invalid(`metadata.finalizers[${index}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
  }
}

/** The metadata of an object. */
export function metaOf(object: Fields): Fields {
  return fieldsOf(object['metadata']);
}

export function nameOf(object: Fields): string {
  return textOf(metaOf(object)['name']);
}

export function namespaceOf(object: Fields): string {
  return textOf(metaOf(object)['namespace']);
}
