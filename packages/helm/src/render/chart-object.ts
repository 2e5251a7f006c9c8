import { isJsonObject, type Json } from '@sluice/core';
import { GoStruct, nilMap, nilSlice, typedMap, typedSlice, type GoMap, type GoSlice, type GoValue } from '@sluice/gotemplate';
import type { ChartMetadata, Dependency, Maintainer } from '../chart/chart.js';
import type { HelmVersion } from '../version.js';

/** `.Chart`: a struct in Helm 3, a map with the names of the struct's fields in Helm 4. */
export function chartObject(metadata: ChartMetadata, isRoot: boolean, helm: HelmVersion): GoValue {
  const fields = { ...metadataFields(metadata, helm), IsRoot: isRoot };
  if (helm === 4) return fields;
  return new GoStruct('struct { chart.Metadata; IsRoot bool }', {
    fields,
    json: () => jsonStruct({ ...metadataJson(metadata), IsRoot: isRoot }),
  });
}

function metadataFields(metadata: ChartMetadata, helm: HelmVersion): GoMap {
  return {
    Name: metadata.name,
    Home: metadata.home,
    Sources: texts(metadata.sources, helm),
    Version: metadata.version,
    Description: metadata.description,
    Keywords: texts(metadata.keywords, helm),
    Maintainers: structs(metadata.maintainers, '[]*chart.Maintainer', maintainerObject, helm),
    Icon: metadata.icon,
    APIVersion: metadata.apiVersion,
    Condition: metadata.condition,
    Tags: metadata.tags,
    AppVersion: metadata.appVersion,
    Deprecated: metadata.deprecated,
    Annotations:
      metadata.annotations === undefined ? nilMap('map[string]string') : typedMap('map[string]string', { ...metadata.annotations }),
    KubeVersion: metadata.kubeVersion,
    Dependencies: structs(metadata.dependencies, '[]*chart.Dependency', dependencyObject, helm),
    Type: metadata.type,
  };
}

/** Chart.yaml as Helm writes it: what is empty is left out. Releases are stored with it. */
export function metadataJson(metadata: ChartMetadata): { [key: string]: Json } {
  const { dependencies, maintainers, annotations } = metadata;
  return withoutEmpty({
    name: metadata.name,
    home: metadata.home,
    sources: metadata.sources,
    version: metadata.version,
    description: metadata.description,
    keywords: metadata.keywords,
    maintainers: maintainers.map(({ name, email, url }) => withoutEmpty({ name, email, url })),
    icon: metadata.icon,
    apiVersion: metadata.apiVersion,
    condition: metadata.condition,
    tags: metadata.tags,
    appVersion: metadata.appVersion,
    deprecated: metadata.deprecated,
    annotations: annotations === undefined ? {} : sorted(annotations),
    kubeVersion: metadata.kubeVersion,
    dependencies: dependencies.map(dependencyJson),
    type: metadata.type,
  });
}

function dependencyJson(dependency: Dependency): { [key: string]: Json } {
  return {
    name: dependency.name,
    ...(dependency.version !== '' && { version: dependency.version }),
    repository: dependency.repository,
    ...withoutEmpty({
      condition: dependency.condition,
      tags: dependency.tags,
      enabled: dependency.enabled,
      'import-values': dependency.importValues,
      alias: dependency.alias,
    }),
  };
}

function maintainerObject({ name, email, url }: Maintainer, helm: HelmVersion): GoValue {
  const fields = { Name: name, Email: email, URL: url };
  return helm === 4 ? fields : new GoStruct('*chart.Maintainer', { fields, json: () => jsonStruct(withoutEmpty({ name, email, url })) });
}

function dependencyObject(dependency: Dependency, helm: HelmVersion): GoValue {
  const fields: GoMap = {
    Name: dependency.name,
    Version: dependency.version,
    Repository: dependency.repository,
    Condition: dependency.condition,
    Tags: texts(dependency.tags, helm),
    Enabled: dependency.enabled,
    ImportValues: dependency.importValues.map((item): GoValue => (typeof item === 'string' ? item : { ...item })),
    Alias: dependency.alias,
  };
  return helm === 4 ? fields : new GoStruct('*chart.Dependency', { fields, json: () => jsonStruct(dependencyJson(dependency)) });
}

/** Lists that are not there are nil in the struct; making a map of it makes them empty. */
function texts(items: readonly string[], helm: HelmVersion): GoSlice {
  if (helm === 4) return [...items];
  return items.length === 0 ? nilSlice('[]string') : typedSlice('[]string', [...items]);
}

function structs<T>(items: readonly T[], type: string, convert: (item: T, helm: HelmVersion) => GoValue, helm: HelmVersion): GoSlice {
  const converted = items.map((item) => convert(item, helm));
  if (helm === 4) return converted;
  return items.length === 0 ? nilSlice(type) : typedSlice(type, converted);
}

/** An object whose fields keep their order, as those of a struct do. */
function jsonStruct(fields: Readonly<Record<string, Json>>): GoStruct {
  const values = Object.entries(fields).map(([name, value]): [string, GoValue] => [
    name,
    Array.isArray(value)
      ? (value as readonly Json[]).map((item) => (isJsonObject(item) ? jsonStruct(item as Record<string, Json>) : (item as GoValue)))
      : (value as GoValue),
  ]);
  return new GoStruct('', { fields: Object.fromEntries(values) });
}

function withoutEmpty(fields: Readonly<Record<string, Json>>): { [key: string]: Json } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: Json): boolean {
  if (value === '' || value === false) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function sorted(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
