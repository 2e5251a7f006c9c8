import { SluiceError, isJsonObject, setOwn, type Json } from '@sluice/core';
import { tryParseVersion } from '@sluice/semver';
import { YamlError, formatFloatG, parseYaml } from '@sluice/yaml';
import { printValue } from '../values/go-text.js';
import type { ChartMetadata, Dependency, Maintainer } from './chart.js';

/** Reads Chart.yaml (with the dependencies of a requirements.yaml, as charts of `apiVersion: v1` have one) and checks it. */
export function readMetadata(chartYaml: Uint8Array, requirementsYaml?: Uint8Array): ChartMetadata {
  const fields = new Fields(readObject(chartYaml, 'Chart.yaml'), 'Metadata');
  // requirements.yaml is read over Chart.yaml, so that whatever it says wins.
  const requirements = requirementsYaml === undefined ? fields : new Fields(readObject(requirementsYaml, 'requirements.yaml'), 'Metadata');
  const annotations = fields.textMap('annotations');
  const metadata: ChartMetadata = {
    name: clean(fields.text('name')),
    home: clean(fields.text('home')),
    sources: fields.texts('sources').map(clean),
    version: fields.text('version'),
    description: clean(fields.text('description')),
    keywords: fields.texts('keywords').map(clean),
    maintainers: fields.list('maintainers').map(readMaintainer),
    icon: clean(fields.text('icon')),
    apiVersion: fields.text('apiVersion') || 'v1',
    condition: clean(fields.text('condition')),
    tags: clean(fields.text('tags')),
    appVersion: clean(fields.text('appVersion')),
    deprecated: fields.flag('deprecated'),
    ...(annotations !== undefined && { annotations }),
    kubeVersion: clean(fields.text('kubeVersion')),
    dependencies: (requirements.has('dependencies') ? requirements : fields).list('dependencies').map(readDependency),
    type: fields.text('type'),
  };
  validate(metadata);
  return metadata;
}

/** The dependencies of a Chart.lock (or requirements.lock): their versions are exact. */
export function readLock(content: Uint8Array): Dependency[] {
  return new Fields(readObject(content, 'Chart.lock'), 'Lock').list('dependencies').map(readDependency);
}

function readMaintainer(value: Json): Maintainer {
  if (value === null) throw invalid('maintainers must not contain empty or null nodes');
  const fields = new Fields(value, 'Maintainer');
  return { name: clean(fields.text('name')), email: clean(fields.text('email')), url: clean(fields.text('url')) };
}

function readDependency(value: Json): Dependency {
  if (value === null) throw invalid('dependencies must not contain empty or null nodes');
  const fields = new Fields(value, 'Dependency');
  const importValues: Dependency['importValues'][number][] = [];
  for (const item of fields.list('import-values')) {
    if (typeof item === 'string') importValues.push(item);
    else if (isJsonObject(item)) importValues.push({ child: importPath(item, 'child'), parent: importPath(item, 'parent') });
  }
  return {
    name: clean(fields.text('name')),
    version: clean(fields.text('version')),
    repository: clean(fields.text('repository')),
    condition: clean(fields.text('condition')),
    tags: fields.texts('tags').map(clean),
    enabled: fields.flag('enabled'),
    importValues,
    alias: fields.text('alias'),
  };
}

function importPath(item: Record<string, unknown>, key: string): string {
  return printValue((Object.hasOwn(item, key) ? item[key] : null) as Json);
}

function validate({ name, version, type, dependencies }: ChartMetadata): void {
  if (name === '') throw invalid('chart.metadata.name is required');
  if (name === '.' || name === '..') throw invalid(`chart.metadata.name ${JSON.stringify(name)} is not allowed`);
  if (name.includes('/')) throw invalid(`chart.metadata.name ${JSON.stringify(name)} is invalid`);
  if (version === '') throw invalid('chart.metadata.version is required');
  if (tryParseVersion(version) === undefined) throw invalid(`chart.metadata.version ${JSON.stringify(version)} is invalid`);
  if (!['', 'application', 'library'].includes(type)) throw invalid('chart.metadata.type must be application or library');
  const seen = new Set<string>();
  for (const { name: wanted, alias } of dependencies) {
    if (alias !== '' && !/^[a-zA-Z0-9_-]+$/.test(alias)) {
      throw invalid(`dependency ${JSON.stringify(wanted)} has disallowed characters in the alias`);
    }
    const key = alias === '' ? wanted : alias;
    if (seen.has(key)) throw invalid(`more than one dependency with name or alias ${JSON.stringify(key)}`);
    seen.add(key);
  }
}

function invalid(message: string): SluiceError {
  return new SluiceError('ChartInvalid', `validation: ${message}`, { place: { file: 'Chart.yaml' } });
}

/** White space is blanks, and what does not print is nothing: these texts end up in messages and in labels. */
function clean(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : text.replace(/\s/gu, ' ').replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '');
}

function readObject(content: Uint8Array, file: string): Json {
  try {
    return parseYaml(content, { file });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new SluiceError('ChartInvalid', `cannot load ${file}: error converting YAML to JSON: ${error.text}`, {
      place: error.place,
      cause: error,
    });
  }
}

/** The fields of an object as they go into a Go struct: names without case, scalars become text where text is wanted. */
export class Fields {
  readonly #values = new Map<string, Json>();
  readonly #type: string;

  constructor(value: Json, type: string) {
    this.#type = type;
    if (value === null) return;
    if (!isJsonObject(value)) throw this.#wrong(value, '', 'struct');
    const object = value as Record<string, Json>;
    for (const key of Object.keys(object)) this.#values.set(key.toLowerCase(), object[key] ?? null);
    for (const key of Object.keys(object)) if (/[A-Z]/.test(key)) this.#values.set(key.toLowerCase(), object[key] ?? null);
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  text(name: string): string {
    return this.#text(this.#value(name), name);
  }

  flag(name: string): boolean {
    const value = this.#value(name);
    if (value === null) return false;
    if (typeof value !== 'boolean') throw this.#wrong(value, name, 'bool');
    return value;
  }

  list(name: string): readonly Json[] {
    const value = this.#value(name);
    if (value === null) return [];
    if (!Array.isArray(value)) throw this.#wrong(value, name, '[]string');
    return value as readonly Json[];
  }

  texts(name: string): string[] {
    return this.list(name).map((item) => this.#text(item, name));
  }

  textMap(name: string): Record<string, string> | undefined {
    const value = this.#value(name);
    if (value === null) return undefined;
    if (!isJsonObject(value)) throw this.#wrong(value, name, 'map[string]string');
    const map: Record<string, string> = {};
    for (const key of Object.keys(value)) setOwn(map, key, this.#text(value[key] as Json, name));
    return map;
  }

  fields(name: string, type: string): Fields | undefined {
    const value = this.#value(name);
    return value === null ? undefined : new Fields(value, type);
  }

  #value(name: string): Json {
    return this.#values.get(name.toLowerCase()) ?? null;
  }

  #text(value: Json, name: string): string {
    if (value === null) return '';
    if (typeof value === 'string') return value;
    if (typeof value === 'object') throw this.#wrong(value, name, 'string');
    // A whole number was one in the text; only numbers that no integer holds are printed as floats.
    return typeof value === 'number' && !Number.isSafeInteger(value) ? formatFloatG(value) : String(value);
  }

  #wrong(value: Json, name: string, wanted: string): SluiceError {
    const got = Array.isArray(value) ? 'array' : typeof value === 'object' ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;
    const target = name === '' ? `value of type ${this.#type}` : `struct field ${this.#type}.${name} of type ${wanted}`;
    return new SluiceError(
      'ManifestInvalid',
      `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${got} into Go ${target}`,
    );
  }
}
