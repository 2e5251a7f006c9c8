import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isJsonObject } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import { rootSchema } from './dsl/custom-resource.js';
import { crdOf, customResources, type CustomResource } from './index.js';

const recorded = join(import.meta.dirname, '../../../../shared/conformance/crds');

/**
 * Where a definition differs from the recorded one on purpose: fields with a meaning that the stored version has no place
 * for are refused by rules of our own.
 */
const refusals: Readonly<Record<string, readonly string[]>> = {
  'Kustomization v1beta2': ['patchesStrategicMerge', 'patchesJson6902'],
  'Kustomization v1beta1': ['patchesStrategicMerge', 'patchesJson6902'],
  'HelmChart v1beta2': ['valuesFile'],
  'HelmChart v1beta1': ['valuesFile'],
  'HelmRelease v2beta2': ['valuesFile', 'patchesStrategicMerge', 'patchesJson6902'],
  'HelmRelease v2beta1': ['valuesFile', 'patchesStrategicMerge', 'patchesJson6902'],
};

/** What a definition has more than the recorded one. */
const additions: Readonly<Record<string, (version: Version) => void>> = {
  'GitRepository v1': (version) => withoutFields(version, 'accessFrom', 'gitImplementation'),
  'HelmChart v1': (version) => withoutFields(version, 'accessFrom'),
  'Bucket v1': (version) => withoutFields(version, 'accessFrom'),
  'Kustomization v1'(version) {
    withoutKindsOfDependencies(version);
    withoutFields(version, 'validation');
  },
  'HelmRelease v2': withoutKindsOfDependencies,
  'Provider v1beta3'(version) {
    delete version.subresources?.status;
    const { spec, status } = version.schema.openAPIV3Schema.properties;
    assert.ok(status !== undefined);
    delete version.schema.openAPIV3Schema.properties.status;
    const services = spec?.properties['type']?.enum ?? [];
    assert.ok(services.includes('email'));
    services.splice(services.indexOf('email'), 1);
  },
};

/** Fields of older versions, which those who own them need the stored version to have. */
function withoutFields(version: Version, ...fields: readonly string[]): void {
  for (const field of fields) assert.ok(delete version.schema.openAPIV3Schema.properties.spec?.properties[field]);
}

/** A dependency can be of any kind. */
function withoutKindsOfDependencies(version: Version): void {
  const dependency = version.schema.openAPIV3Schema.properties.spec?.properties['dependsOn']?.items?.properties ?? {};
  for (const field of ['apiVersion', 'kind']) assert.ok(delete dependency[field]);
}

interface Version {
  subresources?: { status?: unknown };
  schema: {
    openAPIV3Schema: {
      properties: {
        spec?: { properties: Record<string, { enum?: string[]; items?: { properties?: Record<string, unknown> } }> };
        status?: unknown;
      };
    };
  };
}

interface RecordedCrd {
  spec: {
    group: string;
    names: Record<string, unknown>;
    scope: string;
    versions: { name: string; storage: boolean; deprecationWarning?: string; schema: { openAPIV3Schema: unknown } }[];
  };
}

function readCrd(file: string): RecordedCrd {
  return parseYaml(readFileSync(join(recorded, file))) as unknown as RecordedCrd;
}

function storedVersion(crd: RecordedCrd): string | undefined {
  return crd.spec.versions.find(({ storage }) => storage)?.name;
}

/** A schema without descriptions, its required names sorted. */
function structure(value: unknown, isFieldMap = false): unknown {
  if (Array.isArray(value)) return value.map((item) => structure(item));
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([key, item]) => isFieldMap || key !== 'description' || typeof item !== 'string');
  return Object.fromEntries(
    kept
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [
        key,
        !isFieldMap && key === 'required' ? [...(item as string[])].sort() : structure(item, !isFieldMap && key === 'properties'),
      ]),
  );
}

/** The file that last carried a version: the current one, else the newest legacy one. */
function fileOf(definition: CustomResource, version: string): string | undefined {
  const name = `${definition.group}_${definition.plural}`;
  const legacy = readdirSync(join(recorded, 'legacy'))
    .filter((file) => file.startsWith(`${name}.`))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return [`${name}.yaml`, ...legacy.map((file) => `legacy/${file}`)].find((file) =>
    readCrd(file).spec.versions.some((each) => each.name === version),
  );
}

/** Takes our own refusals out of a schema; returns the fields that they name. */
function takeRefusals(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(takeRefusals);
  if (!isJsonObject(schema)) return [];
  const refused: string[] = [];
  const rules = schema['x-kubernetes-validations'] as { message: string }[] | undefined;
  if (Array.isArray(rules)) {
    refused.push(...rules.filter(isRefusal).map(({ message }) => message.split(' ')[0] ?? ''));
    const kept = rules.filter((rule) => !isRefusal(rule));
    if (kept.length > 0) schema['x-kubernetes-validations'] = kept;
    else delete schema['x-kubernetes-validations'];
  }
  for (const [name, field] of Object.entries(isJsonObject(schema['properties']) ? schema['properties'] : {})) {
    if (!isJsonObject(field) || field['maxItems'] !== 0) continue;
    delete field['maxItems'];
    refused.push(name);
  }
  return [...refused, ...Object.values(schema).flatMap(takeRefusals)];
}

function isRefusal({ message }: { readonly message: string }): boolean {
  return message.includes(' is no longer supported: ');
}

describe('the CRDs have the recorded structure', { skip: existsSync(recorded) ? false : 'no conformance data beside the project' }, () => {
  for (const definition of customResources) {
    const crd = crdOf(definition) as unknown as RecordedCrd;
    test(`${definition.kind}: names and scope`, () => {
      const current = readCrd(`${definition.group}_${definition.plural}.yaml`);
      assert.equal(crd.spec.group, current.spec.group);
      assert.equal(crd.spec.scope, current.spec.scope);
      assert.deepEqual(crd.spec.names, current.spec.names);
      assert.equal(storedVersion(crd), storedVersion(current));
    });
    for (const each of crd.spec.versions) {
      const name = `${definition.kind} ${each.name}`;
      test(name, () => {
        const file = fileOf(definition, each.name);
        assert.ok(file !== undefined, `no recorded definition has ${name}`);
        const expected = readCrd(file).spec.versions.find((candidate) => candidate.name === each.name);
        const version = definition.versions.find((candidate) => candidate.name === each.name);
        // What an older version is widened by is not its own.
        const ours = structuredClone({ ...each, schema: { openAPIV3Schema: rootSchema(version!) } });
        additions[name]?.(ours as unknown as Version);
        const schema = ours.schema.openAPIV3Schema;
        assert.deepEqual(takeRefusals(schema).sort(), [...(refusals[name] ?? [])].sort());
        // Every version with a successor warns here; a recorded one warns only since its last releases, and of the successor it had then.
        const bare = { storage: false, deprecated: false, deprecationWarning: '' };
        assert.deepEqual(
          structure({ ...ours, schema, ...bare }),
          structure({ ...expected, schema: expected?.schema.openAPIV3Schema, ...bare }),
        );
        const stored = storedVersion(crd);
        assert.equal(
          each.deprecationWarning,
          each.storage ? undefined : `${each.name} ${definition.kind} is deprecated, upgrade to ${stored ?? ''}`,
        );
      });
    }
  }
});

describe('who owns a field of one version can be told in another', () => {
  for (const definition of customResources) {
    const [stored, ...older] = (crdOf(definition) as unknown as RecordedCrd).spec.versions.map(({ name, schema }) => ({
      name,
      fields: fieldsOf(schema.openAPIV3Schema, ''),
    }));
    for (const { name, fields } of older) {
      test(`${definition.kind} ${name}`, () => {
        assert.deepEqual(
          [...stored!.fields].filter((field) => !fields.has(field)),
          [],
        );
        // Status is written by controllers, by the stored version only; what is refused has no owners.
        const refused = refusals[`${definition.kind} ${name}`] ?? [];
        const lost = [...fields].filter((field) => field.startsWith('.spec') && !stored!.fields.has(field));
        assert.deepEqual(
          lost.filter((field) => !refused.some((part) => field.includes(`.${part}`))),
          [],
        );
      });
    }
  }
});

function fieldsOf(schema: unknown, path: string): Set<string> {
  if (!isJsonObject(schema)) return new Set();
  const properties = isJsonObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  const inner = properties.flatMap(([name, field]) => [...fieldsOf(field, `${path}.${name}`)]);
  return new Set([path, ...inner, ...fieldsOf(schema['items'], `${path}[]`), ...fieldsOf(schema['additionalProperties'], `${path}{}`)]);
}

test('every description says something', () => {
  for (const definition of customResources) {
    const visit = (schema: unknown, path: string): void => {
      if (!isJsonObject(schema)) return;
      for (const [name, field] of Object.entries(isJsonObject(schema.properties) ? schema.properties : {})) {
        if (name === 'metadata' && path.split('.').length === 2) continue;
        assert.match(String((field as Record<string, unknown>).description), /^[A-Z*].*[.…)]$/s, `${path}.${name}`);
        visit(field, `${path}.${name}`);
      }
      visit(schema.items, `${path}[]`);
    };
    for (const { name, schema } of (crdOf(definition) as unknown as RecordedCrd).spec.versions)
      visit(schema.openAPIV3Schema, `${definition.kind}.${name}`);
  }
});
