import { SluiceError } from '@sluice/core';
import type { ApplyOptions, ResourcePlace, WriteOptions } from '../cluster.js';

/** The path of a resource's collection, of one object in it, or of a subresource of that. */
export function resourcePath(info: ResourcePlace, namespace: string | undefined, name?: string, subresource?: string): string {
  let path = info.group === '' ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`;
  if (info.namespaced && namespace !== undefined && namespace !== '') path += `/namespaces/${segment(namespace, 'namespace')}`;
  path += `/${info.resource}`;
  if (name !== undefined) path += `/${segment(name, 'name')}`;
  if (subresource !== undefined) path += `/${subresource}`;
  return path;
}

/** The path of one object. Throws when the key lacks what the path needs. */
export function objectPath(info: ResourcePlace, namespace: string | undefined, name: string | undefined, subresource?: string): string {
  if (name === undefined || name === '') throw new SluiceError('KubeRequestInvalid', `${info.kind}: the object has no metadata.name`);
  requireNamespace(info, namespace, name);
  return resourcePath(info, namespace, name, subresource);
}

export function requireNamespace(info: ResourcePlace, namespace: string | undefined, name: string | undefined): void {
  if (info.namespaced && (namespace === undefined || namespace === '')) {
    throw new SluiceError('KubeRequestInvalid', `${info.kind}/${name ?? ''}: the kind is namespaced, but no metadata.namespace is given`);
  }
}

/** A name as a path segment. Names the API never accepts would name something else once they are in a path. */
function segment(name: string, what: string): string {
  if (PLAIN_NAME.test(name)) return name;
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('%')) {
    throw new SluiceError('KubeRequestInvalid', `${JSON.stringify(name)} is not a valid ${what} for an object`);
  }
  return encodeURIComponent(name);
}

const PLAIN_NAME = /^[a-z0-9][a-zA-Z0-9.:_-]*$/;

/** A query from what is set. */
export function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  let text = '';
  for (const key in parameters) {
    const value = parameters[key];
    if (value === undefined || value === false || value === '') continue;
    text += `${text === '' ? '?' : '&'}${key}=${value === true ? 'true' : encodeURIComponent(value)}`;
  }
  return text;
}

export function writeQuery(options: (WriteOptions & Partial<Pick<ApplyOptions, 'force'>>) | undefined): string {
  if (options === undefined) return '';
  return query({
    fieldManager: options.fieldManager,
    force: options.force,
    dryRun: options.dryRun === true ? 'All' : undefined,
    fieldValidation: options.fieldValidation,
  });
}
