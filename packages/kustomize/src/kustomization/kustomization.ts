import { SluiceError, type Json } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import { anything, arrayOf, boolean, decodeDocument, integer, mapOf, object, string, type Decoded } from './decode.js';

const strings = arrayOf(string);
const texts = mapOf(string);

const resourceIdFields = { group: string, version: string, kind: string, name: string, namespace: string };
export const fieldSpec = object('FieldSpec', { group: string, version: string, kind: string, path: string, create: boolean });
export const selector = object('Selector', { ...resourceIdFields, annotationSelector: string, labelSelector: string });

const fieldOptions = object('FieldOptions', { delimiter: string, index: integer, encoding: string, create: boolean });
const replacementFields = {
  source: object('SourceSelector', { ...resourceIdFields, fieldPath: string, options: fieldOptions }),
  targets: arrayOf(object('TargetSelector', { select: selector, reject: arrayOf(selector), fieldPaths: strings, options: fieldOptions })),
  sourceValue: string,
};
/** One replacement as a file of its own has it. */
export const replacement = object('Replacement', replacementFields);
export const replacementField = object('ReplacementField', { ...replacementFields, path: string });

export const image = object('Image', { name: string, newName: string, tagSuffix: string, newTag: string, digest: string });
export const replica = object('Replica', { name: string, count: integer });
export const patchOptions = object('PatchArgs', { allowNameChange: boolean, allowKindChange: boolean });
export const patch = object('Patch', { path: string, patch: string, target: selector, options: patchOptions });
const label = object('Label', { pairs: texts, includeSelectors: boolean, includeTemplates: boolean, fields: arrayOf(fieldSpec) });

const generatorOptions = object('GeneratorOptions', {
  labels: texts,
  annotations: texts,
  disableNameSuffixHash: boolean,
  immutable: boolean,
});
const generatorFields = {
  namespace: string,
  name: string,
  behavior: string,
  literals: strings,
  files: strings,
  envs: strings,
  env: string,
  options: generatorOptions,
};
const configMapArgs = object('ConfigMapArgs', generatorFields);
const secretArgs = object('SecretArgs', { ...generatorFields, type: string });
/** The fields of a generator of ConfigMaps or Secrets; a ConfigMap has no `type`. */
export const dataGeneratorFields = { ...generatorFields, type: string };

export const sortOptions = object('SortOptions', {
  order: string,
  legacySortOptions: object('LegacySortOptions', { orderFirst: strings, orderLast: strings }),
});

const helmGlobalsFields = { chartHome: string, configHome: string };
const helmChartFields = {
  name: string,
  version: string,
  repo: string,
  releaseName: string,
  namespace: string,
  additionalValuesFiles: strings,
  valuesFile: string,
  valuesInline: mapOf(anything),
  valuesMerge: string,
  includeCRDs: boolean,
  skipHooks: boolean,
  apiVersions: strings,
  kubeVersion: string,
  nameTemplate: string,
  skipTests: boolean,
  debug: boolean,
  devel: boolean,
};
export const helmChart = object('HelmChart', helmChartFields);
export const helmChartGenerator = object('HelmChartInflationGenerator', { ...helmGlobalsFields, ...helmChartFields });
const legacyHelmChart = object('HelmChartArgs', {
  chartName: string,
  chartVersion: string,
  chartRepoUrl: string,
  chartHome: string,
  chartRepoName: string,
  helmBin: string,
  helmHome: string,
  values: string,
  valuesLocal: mapOf(anything),
  valuesMerge: string,
  releaseName: string,
  releaseNamespace: string,
  extraArgs: strings,
});

export const variable = object('Var', {
  name: string,
  objref: object('Target', { apiVersion: string, ...resourceIdFields }),
  fieldref: object('FieldSelector', { fieldPath: string }),
});

const kustomization = object('Kustomization', {
  apiVersion: string,
  kind: string,
  metadata: object('ObjectMeta', { name: string, namespace: string, labels: texts, annotations: texts }),
  openapi: texts,
  namePrefix: string,
  nameSuffix: string,
  namespace: string,
  commonLabels: texts,
  labels: arrayOf(label),
  commonAnnotations: texts,
  patchesStrategicMerge: strings,
  patchesJson6902: arrayOf(patch),
  patches: arrayOf(patch),
  images: arrayOf(image),
  imageTags: arrayOf(image),
  replacements: arrayOf(replacementField),
  replicas: arrayOf(replica),
  vars: arrayOf(variable),
  sortOptions,
  resources: strings,
  components: strings,
  crds: strings,
  bases: strings,
  configMapGenerator: arrayOf(configMapArgs),
  secretGenerator: arrayOf(secretArgs),
  helmGlobals: object('HelmGlobals', helmGlobalsFields),
  helmCharts: arrayOf(helmChart),
  helmChartInflationGenerator: arrayOf(legacyHelmChart),
  generatorOptions,
  configurations: strings,
  generators: strings,
  transformers: strings,
  validators: strings,
  buildMetadata: strings,
});

/** A kustomization file, old spellings already in their new places. */
export type Kustomization = Decoded<typeof kustomization>;
export type Selector = Decoded<typeof selector>;
export type Replacement = Decoded<typeof replacement>;
export type ReplacementField = Decoded<typeof replacementField>;
export type FieldOptions = Decoded<typeof fieldOptions>;
export type Image = Decoded<typeof image>;
export type Replica = Decoded<typeof replica>;
export type Label = Decoded<typeof label>;
export type GeneratorOptions = Decoded<typeof generatorOptions>;
export type DataGenerator = Decoded<typeof secretArgs>;
export type SortOptions = Decoded<typeof sortOptions>;
export type HelmChart = Decoded<typeof helmChart>;
export type HelmGlobals = NonNullable<Kustomization['helmGlobals']>;
export type Variable = Decoded<typeof variable>;

export const KUSTOMIZATION_FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

const KUSTOMIZATION = 'Kustomization';
export const COMPONENT = 'Component';
const apiVersions: Readonly<Record<string, string>> = {
  [KUSTOMIZATION]: 'kustomize.config.k8s.io/v1beta1',
  [COMPONENT]: 'kustomize.config.k8s.io/v1alpha1',
};

export interface ReadKustomization {
  readonly kustomization: Kustomization & { readonly kind: string };
  /** What kustomize writes to standard error about old fields. */
  readonly warnings: readonly string[];
}

export interface ReadOptions {
  /** The directory of the file, for messages. */
  readonly directory: string;
  /** Unknown fields are left out with a warning, and scalars made strings where strings are wanted. */
  readonly isLenient?: boolean;
}

/** Reads a kustomization file. */
export function readKustomization(content: Uint8Array, file: string, { directory, isLenient = false }: ReadOptions): ReadKustomization {
  const text = decodeText(content, file);
  const value = parseKustomization(text, file);
  const unknownFields: string[] = [];
  const raw = decodeDocument(kustomization, value, {
    isStrict: !isLenient,
    coerces: isLenient,
    prefix: 'invalid Kustomization: ',
    file,
    text,
    unknownFields,
  });
  const warnings = [
    ...unknownFields.map((field) => `# Warning: unknown field ${JSON.stringify(field)} in ${file} is ignored`),
    ...deprecations(raw),
  ];
  const fixed = moveOldFields(raw);
  const { apiVersion: _apiVersion, kind: _kind, ...content_ } = fixed;
  if (Object.keys(content_).length === 0) throw new SluiceError('KustomizationInvalid', 'kustomization.yaml is empty', { place: { file } });
  const kind = fixed.kind === undefined || fixed.kind === '' ? KUSTOMIZATION : fixed.kind;
  checkType(kind, fixed.apiVersion ?? '', file, directory);
  return { kustomization: { ...fixed, kind }, warnings };
}

function decodeText(content: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw new SluiceError('KustomizationInvalid', 'invalid Kustomization: yaml: invalid UTF-8 text', { cause, place: { file } });
  }
}

function parseKustomization(text: string, file: string): Json {
  try {
    return parseYaml(text, { file });
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError('KustomizationInvalid', `invalid Kustomization: ${error.message}`, { cause: error, place: error.place });
  }
}

function checkType(kind: string, apiVersion: string, file: string, directory: string): void {
  const faults: string[] = [];
  if (!Object.hasOwn(apiVersions, kind)) faults.push(`kind should be ${KUSTOMIZATION} or ${COMPONENT}`);
  const wanted = apiVersions[kind === COMPONENT ? COMPONENT : KUSTOMIZATION] ?? '';
  if (apiVersion !== '' && apiVersion !== wanted) faults.push(`apiVersion for ${kind} should be ${wanted}`);
  if (faults.length === 0) return;
  throw new SluiceError('KustomizationInvalid', `Failed to read kustomization file under ${directory}:\n${faults.join('\n')}`, {
    place: { file },
  });
}

const FIX = "Run 'kustomize edit fix' to update your Kustomization automatically.";
const oldFields = [
  ['bases', 'resources', FIX],
  ['commonLabels', 'labels', FIX],
  ['imageTags', 'images', FIX],
  ['patchesJson6902', 'patches', FIX],
  ['patchesStrategicMerge', 'patches', FIX],
  ['vars', 'replacements', `[EXPERIMENTAL] ${FIX}`],
] as const;

function deprecations(raw: Kustomization): string[] {
  return oldFields
    .filter(([old]) => raw[old] !== undefined)
    .map(([old, use, fix]) => `# Warning: '${old}' is deprecated. Please use '${use}' instead. ${fix}`);
}

function moveOldFields(raw: Kustomization): Kustomization {
  const { bases, imageTags, helmChartInflationGenerator, ...rest } = raw;
  const oldCharts = helmChartInflationGenerator ?? [];
  const chartHome = oldCharts.findLast((chart) => (chart.chartHome ?? '') !== '')?.chartHome;
  const configHome = oldCharts.findLast((chart) => (chart.helmHome ?? '') !== '')?.helmHome;
  const oldGlobals =
    chartHome === undefined && configHome === undefined
      ? undefined
      : { ...(chartHome === undefined ? {} : { chartHome }), ...(configHome === undefined ? {} : { configHome }) };
  return {
    ...rest,
    ...joined('resources', raw.resources, bases),
    ...joined('images', raw.images, imageTags),
    ...joined('helmCharts', raw.helmCharts, oldCharts.map(toHelmChart)),
    ...(rest.helmGlobals === undefined && oldGlobals !== undefined ? { helmGlobals: oldGlobals } : {}),
    ...(raw.configMapGenerator === undefined ? {} : { configMapGenerator: raw.configMapGenerator.map(moveEnv) }),
    ...(raw.secretGenerator === undefined ? {} : { secretGenerator: raw.secretGenerator.map(moveEnv) }),
  };
}

function joined<K extends string, T>(name: K, list: readonly T[] | undefined, more: readonly T[] | undefined): { [P in K]?: readonly T[] } {
  if (more === undefined || more.length === 0) return {};
  return { [name]: [...(list ?? []), ...more] } as unknown as { [P in K]?: readonly T[] };
}

function moveEnv(generator: DataGenerator): DataGenerator {
  const { env, ...rest } = generator;
  return env === undefined || env === '' ? generator : { ...rest, envs: [...(generator.envs ?? []), env] };
}

function toHelmChart(old: Decoded<typeof legacyHelmChart>): HelmChart {
  const chart = {
    name: old.chartName,
    version: old.chartVersion,
    repo: old.chartRepoUrl,
    valuesFile: old.values,
    valuesInline: old.valuesLocal,
    valuesMerge: old.valuesMerge,
    releaseName: old.releaseName,
  };
  return Object.fromEntries(Object.entries(chart).filter(([, value]) => value !== undefined));
}
