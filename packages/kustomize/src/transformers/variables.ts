import { SluiceError } from '@sluice/core';
import { atPlace } from '../errors.js';
import type { FieldSpec } from '../config/field-spec.js';
import type { Variable } from '../kustomization/kustomization.js';
import { toJson } from '../node/json.js';
import { lookup, splitVarPath } from '../node/field-path.js';
import { Scalar, changedScalar, isNull, isStringScalar, type Node } from '../node/node.js';
import { gvkEquals, gvkOf, gvkText, type Gvk } from '../resource/gvk.js';
import { effectiveNamespace } from '../resource/resource-id.js';
import type { Resource } from '../resource/resource.js';
import type { ResourceList } from '../resource/resource-list.js';
import { changeFields } from './field-path.js';

const DEFAULT_PATH = 'metadata.name';

/** A variable whose place of origin is known. */
export interface ResolvedVariable {
  readonly name: string;
  readonly gvk: Gvk;
  readonly objectName: string;
  readonly namespace: string;
  readonly path: string;
}

export function readVariable({ name = '', objref = {}, fieldref = {} }: Variable): ResolvedVariable {
  const { apiVersion = '', group = '', version = '', kind = '' } = objref;
  return {
    name,
    gvk: apiVersion === '' ? { group, version, kind } : gvkOf(apiVersion, kind),
    objectName: objref.name ?? '',
    namespace: objref.namespace ?? '',
    path: fieldref.fieldPath === undefined || fieldref.fieldPath === '' ? DEFAULT_PATH : fieldref.fieldPath,
  };
}

/** Variables as Go prints the list of structs. */
export function variablesText(variables: readonly Variable[]): string {
  return variables
    .map(({ name = '', objref = {}, fieldref = {} }) => {
      const { group = '', version = '', kind = '' } = objref;
      return `{${name} ${gvkText({ group, version, kind })} {${fieldref.fieldPath ?? ''}}}`;
    })
    .join(' ');
}

/** Marks the resources that variables of a kustomization take their values from. */
export function markVariableSources(resources: ResourceList, variables: readonly ResolvedVariable[]): void {
  for (const variable of variables) {
    const matches = resources.items.filter((resource) => isSource(resource, variable, resources));
    if (matches.length > 1) {
      throw new SluiceError(
        'ReferenceAmbiguous',
        `found ${matches.length} resId matches for var ${shown(variable)} (unable to disambiguate)`,
      );
    }
    matches[0]?.varNames.push(variable.name);
  }
}

function isSource(resource: Resource, variable: ResolvedVariable, { schema }: ResourceList): boolean {
  if (resource.isEmpty) return false;
  const { gvk } = resource;
  const inNamespace = (namespace: string): boolean =>
    variable.namespace === '' || namespace === effectiveNamespace(variable.namespace, false);
  if (resource.name === variable.objectName && gvkEquals(gvk, variable.gvk) && inNamespace(resource.currentNamespace(schema))) return true;
  return resource.previousIds.some(
    ({ kind, name, namespace }) => name === variable.objectName && gvkEquals({ ...gvk, kind }, variable.gvk) && inNamespace(namespace),
  );
}

function shown({ name, gvk, path }: ResolvedVariable): string {
  return `{${name} ${gvkText(gvk)} {${path}}}`;
}

type VariableValue = string | number | bigint | boolean;

/** Puts the values of variables in the place of `$(NAME)`. Returns the names of those that nothing used. */
export function resolveVariables(resources: ResourceList, variables: readonly ResolvedVariable[], specs: readonly FieldSpec[]): string[] {
  const sources = new Map<string, Resource>();
  for (const resource of resources.items) for (const name of resource.varNames) if (!sources.has(name)) sources.set(name, resource);
  const values = new Map<string, VariableValue | undefined>();
  for (const variable of variables) values.set(variable.name, valueOf(variable, sources.get(variable.name)));
  if (values.size === 0) return [];
  const used = new Set<string>();
  const expand = (text: string): VariableValue =>
    expandVariables(text, (name) => {
      const value = values.get(name);
      if (value !== undefined) used.add(name);
      return value;
    });
  for (const resource of resources.items) changeFields(resource, specs, { set: (node) => replaceIn(node, expand) });
  resources.changed();
  return [...values.keys()].filter((name) => !used.has(name));
}

/** The value of a variable; undefined when it is a mapping or a list, which no text can hold. */
function valueOf(variable: ResolvedVariable, source: Resource | undefined): VariableValue | undefined {
  if (source === undefined) {
    throw new SluiceError('ReferenceAmbiguous', `var '${shown(variable)}' cannot be mapped to a field in the set of known resources`);
  }
  let node: Node | undefined;
  try {
    node = lookup(source.root, splitVarPath(variable.path));
  } catch {
    node = undefined;
  }
  if (node === undefined) {
    throw notFound(variable, source);
  }
  if (!(node instanceof Scalar)) return undefined;
  const value = readPrimitive(node);
  if (value !== undefined) return value;
  throw notFound(variable, source);
}

/** A scalar as Go's strconv reads it, which knows fewer spellings than YAML. */
function readPrimitive({ text, tag }: Scalar): VariableValue | undefined {
  switch (tag) {
    case '!!int': {
      const value = toJson(new Scalar(text.replace(/^([-+]?)0+(?=\d)/, '$1'), '!!int', false));
      return /^[-+]?\d+$/.test(text) && typeof value !== 'object' ? value : undefined;
    }
    case '!!float':
    case '!!bool': {
      const value = toJson(new Scalar(text, tag, false));
      return typeof value === 'object' ? undefined : value;
    }
    default:
      return text;
  }
}

function notFound(variable: ResolvedVariable, source: Resource): SluiceError {
  return new SluiceError(
    'ReferenceAmbiguous',
    `field specified in var '${shown(variable)}' not found in corresponding resource`,
    atPlace(source.place),
  );
}

function replaceIn(node: Node, expand: (text: string) => VariableValue): Node {
  if (isNull(node)) return node;
  if (node instanceof Scalar) return isStringScalar(node) ? changedScalar(node, valueScalar(expand(node.text))) : node;
  if (node instanceof Map) {
    for (const [key, value] of node) if (isStringScalar(value)) node.set(key, changedScalar(value, valueScalar(expand(value.text))));
    return node;
  }
  for (const [index, item] of node.entries()) {
    if (!isStringScalar(item)) throw new SluiceError('ManifestInvalid', 'invalid value type expect a string');
    node[index] = changedScalar(item, valueScalar(expand(item.text)));
  }
  return node;
}

function valueScalar(value: VariableValue): Scalar {
  switch (typeof value) {
    case 'string':
      return new Scalar(value, '!!str', false);
    case 'boolean':
      return new Scalar(String(value), '!!bool', false);
    default:
      return new Scalar(plainNumber(value), Number.isInteger(value) || typeof value === 'bigint' ? '!!int' : '!!float', false);
  }
}

/** A number without an exponent. */
function plainNumber(value: number | bigint): string {
  return typeof value === 'number' && !Number.isInteger(value)
    ? value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 })
    : String(value);
}

/**
 * Expands `$(NAME)` in a text; `$$` is a dollar sign. A text that is nothing but one variable takes its value with its
 * type. Unknown names stay as they stand: Kubernetes expands some itself.
 */
export function expandVariables(text: string, valueOfName: (name: string) => VariableValue | undefined): VariableValue {
  let result = '';
  let done = 0;
  for (let at = text.indexOf('$'); at >= 0 && at + 1 < text.length; at = text.indexOf('$', done)) {
    result += text.slice(done, at);
    const close = text[at + 1] === '(' ? text.indexOf(')', at + 2) : -1;
    if (close >= 0) {
      const name = text.slice(at + 2, close);
      const value = valueOfName(name) ?? `$(${name})`;
      if (at === 0 && close === text.length - 1) return value;
      result += String(value);
      done = close + 1;
    } else {
      result += text[at + 1] === '$' ? '$' : text.slice(at, at + 2);
      done = at + 2;
    }
  }
  return result + text.slice(done);
}
