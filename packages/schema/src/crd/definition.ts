import { namedFormatFaults } from '@sluice/cel';
import { deepEqual, isJsonObject } from '@sluice/core';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required, tooMany } from '../field-error.js';
import { schemaAtPath, schemaFaults } from './schema-faults.js';
import { typeOf } from './structural.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * The faults of a CustomResourceDefinition (v1, defaulted), in the API server's words and with its paths: what all
 * versions have in common is reported under `spec`, as the server's internal form has it. Metadata other than the name's
 * form is not looked at.
 */
export function validateDefinition(definition: Json, old?: Json): FieldError[] {
  const spec = object(definition['spec']);
  const errors = [
    ...groupFaults(spec),
    ...versionFaults(spec),
    ...nameFaults(object(spec['names'])),
    ...conversionFaults(object(spec['conversion'])),
  ];
  const name = text(object(definition['metadata'])['name']);
  if (old === undefined && name !== `${text(object(spec['names'])['plural'])}.${text(spec['group'])}`) {
    errors.push(invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  errors.push(...storedVersionFaults(definition, spec, old), ...approvalFaults(definition, spec, old));
  if (spec['preserveUnknownFields'] === true && object(old?.['spec'])['preserveUnknownFields'] !== true) {
    const detail = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    errors.push(invalid('spec.preserveUnknownFields', true, detail));
  }
  if (old !== undefined) errors.push(...immutableFaults(spec, object(old['spec']), isEstablished(old)));
  return errors;
}

function groupFaults(spec: Json): FieldError[] {
  const errors: FieldError[] = [];
  const group = text(spec['group']);
  const groupFault = namedFormatFaults('dns1123Subdomain', group);
  if (group === '') errors.push(required('spec.group'));
  else if (groupFault.length > 0) errors.push(invalid('spec.group', group, groupFault.join(',')));
  else if (!group.includes('.')) errors.push(invalid('spec.group', group, 'should be a domain with at least one dot'));
  const scope = text(spec['scope']);
  if (scope === '') errors.push(required('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced') errors.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  return errors;
}

function versionFaults(spec: Json): FieldError[] {
  const versions = list(spec['versions']);
  const errors: FieldError[] = [];
  for (const [index, version] of versions.entries()) {
    const fault = namedFormatFaults('dns1035Label', text(version['name'])).join(',');
    if (fault !== '') errors.push(invalid(`spec.versions[${index}].name`, text(version['name']), fault));
    if (fault !== '' && index === 0) errors.push(invalid('spec.version', text(version['name']), fault));
    if (!isJsonObject(object(version['schema'])['openAPIV3Schema']))
      errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`));
    errors.push(...deprecationFaults(version, `spec.versions[${index}].deprecationWarning`));
  }
  const names = versions.map((version) => version['name']);
  if (new Set(names).size !== names.length)
    errors.push(invalid('spec.versions', versions.map(goVersion), 'must contain unique version names'));
  if (versions.filter((version) => version['storage'] === true).length !== 1) {
    errors.push(invalid('spec.versions', versions.map(goVersion), 'must have exactly one version marked as storage version'));
  }
  // What is the same in all versions is one thing, checked once.
  const parts: readonly (readonly [key: string, path: string, check: (version: Json, path: string) => FieldError[]])[] = [
    [
      'schema',
      'validation',
      (version, path) =>
        isJsonObject(object(version['schema'])['openAPIV3Schema'])
          ? schemaFaults(object(object(version['schema'])['openAPIV3Schema']), `${path}.openAPIV3Schema`)
          : [],
    ],
    ['subresources', 'subresources', (version, path) => scaleFaults(object(object(version['subresources'])['scale']), `${path}.scale`)],
    [
      'additionalPrinterColumns',
      'additionalPrinterColumns',
      (version, path) => list(version['additionalPrinterColumns']).flatMap((column, index) => columnFaults(column, `${path}[${index}]`)),
    ],
    ['selectableFields', 'selectableFields', selectableFieldFaults],
  ];
  for (const [key, sharedPath, check] of parts) {
    const [first] = versions;
    if (first !== undefined && versions.every((version) => deepEqual(version[key] ?? null, first[key] ?? null)))
      errors.push(...check(first, `spec.${sharedPath}`));
    else for (const [index, version] of versions.entries()) errors.push(...check(version, `spec.versions[${index}].${key}`));
  }
  return errors;
}

/** A version as Go prints its internal struct, when the parts that can be shared are. */
function goVersion(version: Json): unknown {
  return {
    Name: text(version['name']),
    Served: version['served'] === true,
    Storage: version['storage'] === true,
    Deprecated: version['deprecated'] === true,
    DeprecationWarning: version['deprecationWarning'] ?? null,
    Schema: null,
    Subresources: null,
    AdditionalPrinterColumns: null,
    SelectableFields: null,
  };
}

function deprecationFaults(version: Json, path: string): FieldError[] {
  const warning = version['deprecationWarning'];
  if (typeof warning !== 'string') return [];
  const faults: string[] = [];
  if (version['deprecated'] !== true) faults.push('can only be set for deprecated versions');
  if (warning.length > 256) faults.push('must be <= 256 characters long');
  if (warning === '') faults.push('must not be empty');
  if (hasControlCharacters(warning)) faults.push('must only contain printable UTF-8 characters; non-printable character found at index 0');
  return faults.map((fault) => invalid(path, warning, fault));
}

function hasControlCharacters(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' || character === '\u007f');
}

function nameFaults(names: Json): FieldError[] {
  const errors: FieldError[] = [];
  const label = (key: string, value: string, isMixed: boolean): void => {
    const faults = value === '' ? [] : namedFormatFaults('dns1035Label', isMixed ? value.toLowerCase() : value);
    const prefix = isMixed ? 'may have mixed case, but should otherwise match: ' : '';
    if (faults.length > 0) errors.push(invalid(`spec.names.${key}`, value, `${prefix}${faults.join(',')}`));
  };
  for (const key of ['plural', 'singular', 'kind', 'listKind']) {
    if (text(names[key]) === '') errors.push(required(`spec.names.${key}`));
    label(key, text(names[key]), key === 'kind' || key === 'listKind');
  }
  for (const key of ['shortNames', 'categories']) {
    const values = names[key];
    if (Array.isArray(values)) for (const [index, value] of values.entries()) label(`${key}[${index}]`, text(value), false);
  }
  const kind = text(names['kind']);
  if (kind !== '' && kind === names['listKind']) errors.push(invalid('spec.names.listKind', kind, 'kind and listKind may not be the same'));
  return errors;
}

function conversionFaults(conversion: Json): FieldError[] {
  const errors: FieldError[] = [];
  const strategy = text(conversion['strategy']);
  const webhook = isJsonObject(conversion['webhook']) ? conversion['webhook'] : undefined;
  const client = webhook?.['clientConfig'];
  const reviewVersions = webhook?.['conversionReviewVersions'];
  if (strategy === '') return Object.keys(conversion).length === 0 ? [] : [required('spec.conversion.strategy')];
  if (strategy !== 'None' && strategy !== 'Webhook') return [notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook'])];
  if (strategy === 'None') {
    const detail = 'should not be set when strategy is not set to Webhook';
    if (client !== undefined) errors.push(forbidden('spec.conversion.webhookClientConfig', detail));
    if (Array.isArray(reviewVersions) && reviewVersions.length > 0)
      errors.push(forbidden('spec.conversion.conversionReviewVersions', detail));
    return errors;
  }
  if (!isJsonObject(client)) errors.push(required('spec.conversion.webhookClientConfig', 'required when strategy is set to Webhook'));
  else if ((client['url'] === undefined) === (client['service'] === undefined)) {
    errors.push(required('spec.conversion.webhookClientConfig', 'exactly one of url or service is required'));
  }
  if (!Array.isArray(reviewVersions) || reviewVersions.length === 0) errors.push(required('spec.conversion.conversionReviewVersions'));
  else if (!reviewVersions.includes('v1') && !reviewVersions.includes('v1beta1')) {
    errors.push(invalid('spec.conversion.conversionReviewVersions', reviewVersions, 'must include at least one of v1, v1beta1'));
  }
  return errors;
}

function scaleFaults(scale: Json, path: string): FieldError[] {
  if (Object.keys(scale).length === 0) return [];
  const check = (key: string, isRequired: boolean, roots: readonly string[], where: string): FieldError[] => {
    const value = text(scale[key]);
    const at = `${path}.${key}`;
    if (value === '') return isRequired ? [required(at)] : [];
    if (!value.startsWith('.')) return [invalid(at, value, 'must be a simple json path starting with .')];
    return roots.some((root) => value.startsWith(root)) ? [] : [invalid(at, value, `should be a json path under ${where}`)];
  };
  return [
    ...check('specReplicasPath', true, ['.spec.'], '.spec'),
    ...check('statusReplicasPath', true, ['.status.'], '.status'),
    ...check('labelSelectorPath', false, ['.spec.', '.status.'], 'either .spec or .status'),
  ];
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function columnFaults(column: Json, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const type = text(column['type']);
  const format = text(column['format']);
  const jsonPath = text(column['jsonPath']);
  if (text(column['name']) === '') errors.push(required(`${path}.name`));
  if (type === '') errors.push(required(`${path}.type`, `must be one of ${columnTypes.join(',')}`));
  else if (!columnTypes.includes(type)) errors.push(invalid(`${path}.type`, type, `must be one of ${columnTypes.join(',')}`));
  if (format !== '' && !columnFormats.includes(format))
    errors.push(invalid(`${path}.format`, format, `must be one of ${columnFormats.join(',')}`));
  if (jsonPath === '') errors.push(required(`${path}.JSONPath`));
  else if (!jsonPath.startsWith('.')) errors.push(invalid(`${path}.JSONPath`, jsonPath, 'must be a simple json path starting with .'));
  return errors;
}

const MAX_SELECTABLE_FIELDS = 8;

function selectableFieldFaults(version: Json, path: string): FieldError[] {
  const schema = object(object(version['schema'])['openAPIV3Schema']);
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  const fields = list(version['selectableFields']);
  for (const [index, field] of fields.entries()) {
    const jsonPath = text(field['jsonPath']);
    const at = `${path}[${index}].jsonPath`;
    const target = schemaAtPath(schema, jsonPath);
    if (jsonPath === '') errors.push(required(at));
    else if (jsonPath.startsWith('.metadata')) errors.push(invalid(at, jsonPath, 'must not point to fields in metadata'));
    else if (target === undefined) errors.push(invalid(at, jsonPath, 'is an invalid path: does not refer to a valid field'));
    else if (!['string', 'boolean', 'integer'].includes(typeOf(target))) {
      errors.push(
        invalid(
          at,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      );
    }
    if (seen.has(jsonPath)) errors.push(duplicate(at, jsonPath));
    seen.add(jsonPath);
  }
  if (seen.size > MAX_SELECTABLE_FIELDS) errors.push(tooMany(path, seen.size, MAX_SELECTABLE_FIELDS));
  return errors;
}

function storedVersionFaults(definition: Json, spec: Json, old: Json | undefined): FieldError[] {
  const versions = list(spec['versions']);
  const storage = versions.filter((version) => version['storage'] === true).map((version) => text(version['name']));
  const status = object(definition['status'])['storedVersions'];
  // A new definition has stored nothing yet but what its first storage version will.
  const stored = old === undefined ? storage.slice(0, 1) : Array.isArray(status) ? (status as string[]) : [];
  const at = 'status.storedVersions';
  if (stored.length === 0) return [invalid(at, null, 'must have at least one stored version')];
  const names = versions.map((version) => text(version['name']));
  return [
    ...storage
      .filter((name) => old === undefined && !stored.includes(name))
      .map((name) => invalid(at, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((name, index) =>
      names.includes(name)
        ? []
        : [
            invalid(
              `${at}[${index}]`,
              name,
              `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
            ),
          ],
    ),
  ];
}

const approval = 'api-approved.kubernetes.io';

/** Groups of the Kubernetes project are not for everybody. */
function approvalFaults(definition: Json, spec: Json, old: Json | undefined): FieldError[] {
  const group = text(spec['group']);
  if (group !== 'k8s.io' && group !== 'kubernetes.io' && !group.endsWith('.k8s.io') && !group.endsWith('.kubernetes.io')) return [];
  const annotation = (of: Json): string => text(object(object(of['metadata'])['annotations'])[approval]);
  const value = annotation(definition);
  if (old !== undefined && annotation(old) === value) return [];
  const at = `metadata.annotations[${approval}]`;
  if (value === '') {
    return [
      required(
        at,
        `protected groups must have approval annotation "${approval}", see https://github.com/kubernetes/enhancements/pull/1111`,
      ),
    ];
  }
  if (value.startsWith('unapproved') || /^[a-z]+:\/\/[^/]+/.test(value)) return [];
  return [
    invalid(
      at,
      value,
      `protected groups must have approval annotation "${approval}" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`,
    ),
  ];
}

/** Once established, a definition keeps its group, scope and names in paths. */
function immutableFaults(spec: Json, old: Json, established: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const names = object(spec['names']);
  const oldNames = object(old['names']);
  const check = (path: string, value: unknown, before: unknown): void => {
    if (!deepEqual(value, before)) errors.push(invalid(path, value, 'field is immutable'));
  };
  check('spec.group', spec['group'], old['group']);
  check('spec.names.plural', names['plural'], oldNames['plural']);
  if (established) {
    check('spec.scope', spec['scope'], old['scope']);
    check('spec.names.kind', names['kind'], oldNames['kind']);
  }
  return errors;
}

function isEstablished(definition: Json): boolean {
  return list(object(definition['status'])['conditions']).some(
    (condition) => condition['type'] === 'Established' && condition['status'] === 'True',
  );
}

function object(value: unknown): Json {
  return isJsonObject(value) ? value : {};
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
