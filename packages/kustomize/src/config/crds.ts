import { SluiceError, isJsonObject } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import { gvkOf } from '../resource/gvk.js';
import { mergeFieldSpecs, mergeNameReferences, sortByGvk, type FieldSpec } from './field-spec.js';
import { emptyConfig, mergeConfigs, type TransformerConfig } from './transformer-config.js';

type Types = Readonly<Record<string, unknown>>;

/** Reads a file of `crds:`, OpenAPI definitions whose extensions say which fields are names, labels or annotations. */
export function readCrdFile(content: Uint8Array, file: string): TransformerConfig {
  let types: unknown;
  try {
    types = parseYaml(content, { file });
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError(error.reason, `unable to parse open API definition from '${file}': ${error.message}`, {
      cause: error,
      place: error.place,
    });
  }
  if (!isJsonObject(types)) {
    throw new SluiceError(
      'KustomizationInvalid',
      `unable to parse open API definition from '${file}': json: cannot unmarshal into Go value of type accumulator.nameToApiMap`,
      { place: { file } },
    );
  }
  let config = emptyConfig;
  for (const name of Object.keys(types).sort()) {
    const properties = propertiesOf(types, name);
    if (!['kind', 'apiVersion', 'metadata'].every((property) => Object.hasOwn(properties, property))) continue;
    const kind = name.slice(name.lastIndexOf('.') + 1);
    config = mergeConfigs(config, configOfType(types, name, kind, [], new Set()));
  }
  return config;
}

function propertiesOf(types: Types, name: string): Types {
  const definition = Object.hasOwn(types, name) ? types[name] : undefined;
  return objectOf(objectOf(objectOf(definition)['Schema'])['properties']);
}

function configOfType(types: Types, name: string, kind: string, path: readonly string[], above: ReadonlySet<string>): TransformerConfig {
  let config = emptyConfig;
  // A type that contains itself has no end.
  if (above.has(name)) return config;
  const within = new Set([...above, name]);
  const properties = propertiesOf(types, name);
  for (const field of Object.keys(properties).sort()) {
    const property = objectOf(properties[field]);
    const fieldPath = [...path, field];
    const spec = (names: readonly string[]): FieldSpec => ({ group: '', version: '', kind, path: names.join('/'), create: false });
    if (hasText(property, 'x-kubernetes-annotation')) config = withSpecs(config, 'commonAnnotations', spec(fieldPath));
    if (hasText(property, 'x-kubernetes-label-selector')) config = withSpecs(config, 'commonLabels', spec(fieldPath));
    if (hasText(property, 'x-kubernetes-identity')) config = withSpecs(config, 'namePrefix', spec(fieldPath));
    const version = property['x-kubernetes-object-ref-api-version'];
    const targetKind = property['x-kubernetes-object-ref-kind'];
    if (typeof version === 'string' && typeof targetKind === 'string') {
      const nameKey = property['x-kubernetes-object-ref-name-key'];
      const referrer = spec([...fieldPath, typeof nameKey === 'string' ? nameKey : 'name']);
      // The version may say the group too; kustomize takes all of it for the version.
      const target = { ...gvkOf('', targetKind), version, referrers: [referrer] };
      config = { ...config, nameReference: sortByGvk(mergeNameReferences(config.nameReference, [target])) };
    }
    const reference = property['$ref'];
    if (typeof reference === 'string') config = mergeConfigs(config, configOfType(types, reference, kind, fieldPath, within));
  }
  return config;
}

function withSpecs(
  config: TransformerConfig,
  list: 'commonAnnotations' | 'commonLabels' | 'namePrefix',
  spec: FieldSpec,
): TransformerConfig {
  return { ...config, [list]: mergeFieldSpecs(config[list], [spec]) };
}

function hasText(property: Types, name: string): boolean {
  return Object.hasOwn(property, name) && typeof property[name] === 'string';
}

function objectOf(value: unknown): Types {
  return isJsonObject(value) ? value : {};
}
