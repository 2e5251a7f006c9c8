import { SluiceError, type Json } from '@sluice/core';
import { parseYaml, printYaml } from '@sluice/yaml';
import { fieldSpecs, toFieldSpecs, type PartialFieldSpec } from '../config/transformer-config.js';
import type { FieldSpec } from '../config/field-spec.js';
import { goJson } from '../go-json.js';
import { atPlace, restateError, wrapError } from '../errors.js';
import { generateData } from '../generators/data-generator.js';
import { inflateChart, type HelmContext } from '../generators/helm-chart.js';
import { generateIamPolicy, iamPolicy } from '../generators/iam-policy.js';
import { arrayOf, boolean, decodeDocument, integer, mapOf, object, string, type Decoded, type Decoder } from '../kustomization/decode.js';
import {
  dataGeneratorFields,
  helmChartGenerator,
  image,
  patchOptions,
  replacement,
  replacementField,
  replica,
  selector,
  type ReplacementField,
  type Replacement,
} from '../kustomization/kustomization.js';
import { toJson } from '../node/json.js';
import { idText } from '../resource/resource-id.js';
import { Resource } from '../resource/resource.js';
import { addHashes } from '../transformers/hash.js';
import { imagesTransformer } from '../transformers/images.js';
import { pairsTransformer } from '../transformers/labels-and-annotations.js';
import { namespaceTransformer, readSubjectMode } from '../transformers/namespace.js';
import { applyOperations, patchSelected, patchTransformer, readPatchOperations, type PatchText } from '../transformers/patch.js';
import { affixTransformer } from '../transformers/prefix-suffix.js';
import { replacementsTransformer } from '../transformers/replacements.js';
import { replicasTransformer } from '../transformers/replicas.js';
import type { Transformer } from '../transformers/transformer.js';
import { valueAddTransformer } from '../transformers/value-add.js';
import { selectResources } from '../resource/selector.js';
import type { ResourceList } from '../resource/resource-list.js';
import type { Loader } from './loader.js';
import { readResources } from './read-resources.js';

/** What plugins need of the kustomization that uses them. */
export interface PluginContext {
  readonly loader: Loader;
  readonly helm: HelmContext;
}

type Generate = () => Resource[];

const texts = mapOf(string);
const metadata = object('ObjectMeta', { name: string, namespace: string });

/** Loads a generator from its configuration. */
export function loadGenerator(config: Resource, context: PluginContext): Generate {
  return load(config, builtInGenerators, context, 'generator');
}

/** Loads a transformer or validator from its configuration. */
export function loadTransformer(config: Resource, context: PluginContext): Transformer {
  return load(config, builtInTransformers, context, 'transformer');
}

type Factory<T> = (config: Json, context: PluginContext) => T;

function load<T>(config: Resource, factories: Readonly<Record<string, Factory<T>>>, context: PluginContext, role: string): T {
  const { group, version, kind } = config.gvk;
  const place = atPlace(config.place);
  if (group !== '' || version !== 'builtin') {
    throw new SluiceError('BuildRefused', `external plugins disabled; unable to load external plugin '${kind}'`, place);
  }
  const id = idText(config.originalId);
  if (!Object.hasOwn(factories, kind)) {
    const isOther = Object.hasOwn(builtInGenerators, kind) || Object.hasOwn(builtInTransformers, kind);
    throw new SluiceError(
      'KustomizationInvalid',
      isOther ? `plugin ${id} not a ${role}` : `unable to load builtin ${id.split('/')[0]}`,
      place,
    );
  }
  try {
    return factories[kind]!(toJson(config.root), context);
  } catch (error) {
    const wrapped = wrapError(error, `plugin ${id} fails configuration`);
    throw wrapped.place.file === undefined ? new SluiceError(wrapped.reason, wrapped.message, { cause: error, ...place }) : wrapped;
  }
}

function decode<T>(decoder: Decoder<T>, config: Json): T {
  return decodeDocument(decoder, config, { isStrict: false, coerces: true, prefix: 'error unmarshaling JSON: while decoding JSON: ' });
}

const dataGenerator = object('ConfigMapGeneratorPlugin', { metadata, ...dataGeneratorFields });

function dataGeneratorFactory(kind: 'ConfigMap' | 'Secret'): Factory<Generate> {
  return (config, { loader }) => {
    const { metadata: meta, ...settings } = decode(dataGenerator, config);
    const name = settings.name === undefined || settings.name === '' ? (meta?.name ?? '') : settings.name;
    const namespace = settings.namespace === undefined || settings.namespace === '' ? (meta?.namespace ?? '') : settings.namespace;
    return () => [generateData(kind, { ...settings, name, namespace }, (path) => loader.load(path), undefined)];
  };
}

const builtInGenerators: Readonly<Record<string, Factory<Generate>>> = {
  ConfigMapGenerator: dataGeneratorFactory('ConfigMap'),
  SecretGenerator: dataGeneratorFactory('Secret'),
  IAMPolicyGenerator(config) {
    const settings = decode(iamPolicy, config);
    return () => [generateIamPolicy(settings)];
  },
  HelmChartInflationGenerator(config, { helm }) {
    const { chartHome, configHome: _configHome, ...chart } = decode(helmChartGenerator, config);
    return () => inflateChart(chartHome === undefined ? {} : { chartHome }, chart, helm);
  },
};

const builtInTransformers: Readonly<Record<string, Factory<Transformer>>> = {
  AnnotationsTransformer(config) {
    const { annotations = {}, fieldSpecs: specs } = decode(
      object('AnnotationsTransformerPlugin', { annotations: texts, fieldSpecs }),
      config,
    );
    return pairsTransformer(annotations, toFieldSpecs(specs));
  },
  HashTransformer: () => ({ transform: addHashes }),
  ImageTagTransformer(config) {
    const { imageTag = {}, fieldSpecs: specs } = decode(object('ImageTagTransformerPlugin', { imageTag: image, fieldSpecs }), config);
    return imagesTransformer([imageTag], toFieldSpecs(specs));
  },
  LabelTransformer(config) {
    const { labels = {}, fieldSpecs: specs } = decode(object('LabelTransformerPlugin', { labels: texts, fieldSpecs }), config);
    return pairsTransformer(labels, toFieldSpecs(specs));
  },
  NamespaceTransformer(config) {
    const settings = decode(
      object('NamespaceTransformerPlugin', { metadata, fieldSpecs, unsetOnly: boolean, setRoleBindingSubjects: string }),
      config,
    );
    return namespaceTransformer({
      namespace: settings.metadata?.namespace ?? '',
      specs: toFieldSpecs(settings.fieldSpecs),
      unsetOnly: settings.unsetOnly ?? false,
      subjects: readSubjectMode(settings.setRoleBindingSubjects ?? ''),
    });
  },
  PatchJson6902Transformer(config, { loader }) {
    const settings = decode(object('PatchJson6902TransformerPlugin', { target: selector, path: string, jsonOp: string }), config);
    return jsonPatchTransformer(settings, loader);
  },
  PatchStrategicMergeTransformer(config, { loader }) {
    const settings = decode(object('PatchStrategicMergeTransformerPlugin', { paths: arrayOf(string), patches: string }), config);
    return strategicMergeTransformer(settings.paths ?? [], settings.patches ?? '', loader);
  },
  PatchTransformer(config, { loader }) {
    const settings = decode(
      object('PatchTransformerPlugin', { path: string, patch: string, target: selector, options: patchOptions }),
      config,
    );
    return patchEntryTransformer(settings, loader, () => printYaml(config));
  },
  PrefixTransformer(config) {
    const { prefix = '', fieldSpecs: specs } = decode(object('PrefixTransformerPlugin', { prefix: string, fieldSpecs }), config);
    return affixTransformer('prefix', prefix, demandSpecs(specs));
  },
  SuffixTransformer(config) {
    const { suffix = '', fieldSpecs: specs } = decode(object('SuffixTransformerPlugin', { suffix: string, fieldSpecs }), config);
    return affixTransformer('suffix', suffix, demandSpecs(specs));
  },
  PrefixSuffixTransformer(config) {
    const settings = decode(object('PrefixSuffixTransformerPlugin', { prefix: string, suffix: string, fieldSpecs }), config);
    const specs = demandSpecs(settings.fieldSpecs);
    const both = [affixTransformer('prefix', settings.prefix ?? '', specs), affixTransformer('suffix', settings.suffix ?? '', specs)];
    return { transform: (resources) => both.forEach((transformer) => transformer.transform(resources)) };
  },
  ReplacementTransformer(config, { loader }) {
    const { replacements = [] } = decode(object('ReplacementTransformerPlugin', { replacements: arrayOf(replacementField) }), config);
    return replacementsTransformer(readReplacements(replacements, loader));
  },
  ReplicaCountTransformer(config) {
    const { replica: settings = {}, fieldSpecs: specs } = decode(object('ReplicaCountTransformerPlugin', { replica, fieldSpecs }), config);
    return replicasTransformer(settings, toFieldSpecs(specs));
  },
  ValueAddTransformer(config, { loader }) {
    const settings = decode(valueAddSettings, config);
    const directory = loader.name.slice(loader.name.lastIndexOf('/') + 1);
    const value = (settings.value ?? '').trim();
    const file = settings.targetFilePath ?? '';
    const fromFile = file === '' ? [] : (decode(valueAddSettings, parseYaml(loader.load(file), { file })).targets ?? []);
    return valueAddTransformer(value === '' ? directory : value, [...(settings.targets ?? []), ...fromFile]);
  },
};

const valueAddSettings = object('ValueAddTransformerPlugin', {
  value: string,
  targets: arrayOf(object('Target', { selector, fieldPath: string, filePathPosition: integer })),
  targetFilePath: string,
});

function demandSpecs(specs: readonly PartialFieldSpec[] | undefined): readonly FieldSpec[] {
  if (specs === undefined) throw invalid('fieldSpecs is not expected to be nil');
  return toFieldSpecs(specs);
}

/** A patch of `patches:`. `shown` is its configuration, for messages. */
export function patchEntryTransformer(
  { path = '', patch = '', target, options = {} }: PatchEntry,
  loader: Loader,
  shown: () => string,
): Transformer {
  const inline = patch.trim();
  if (inline === '' && path === '') throw invalid(`must specify one of patch and path in\n${shown()}`);
  if (inline !== '' && path !== '') throw invalid(`patch and path can't be set at the same time\n${shown()}`);
  const settings = { ...(target === undefined ? {} : { target }), ...options };
  if (inline !== '') return patchTransformer({ text: inline, source: `[patch: ${JSON.stringify(inline)}]` }, settings);
  let text: string;
  try {
    text = decodeText(loader.load(path));
  } catch (error) {
    throw wrapError(error, `failed to get the patch file from path(${path})`);
  }
  return patchTransformer({ text, source: `[path: ${JSON.stringify(path)}]`, file: loader.resolve(path) }, settings);
}

export interface PatchEntry {
  readonly path?: string;
  readonly patch?: string;
  readonly target?: Decoded<typeof selector>;
  readonly options?: Decoded<typeof patchOptions>;
}

/** A patch of `patchesJson6902:`. */
export function jsonPatchTransformer(
  { target, path = '', jsonOp = '' }: { readonly target?: Decoded<typeof selector>; readonly path?: string; readonly jsonOp?: string },
  loader: Loader,
): Transformer {
  if (target?.name === undefined || target.name === '') throw invalid('must specify the target name');
  if (path === '' && jsonOp === '') throw invalid('empty file path and empty jsonOp');
  if (path !== '' && jsonOp !== '') throw invalid('must specify a file path or jsonOp, not both');
  const text = path === '' ? jsonOp : decodeText(loader.load(path));
  if (text === '') throw invalid(`patch file '${path}' empty seems to be empty`);
  const source: PatchText = { text, source: path, ...(path === '' ? {} : { file: loader.resolve(path) }) };
  let operations: ReturnType<typeof readPatchOperations>;
  try {
    operations = readPatchOperations(text);
  } catch (error) {
    throw restateError(error, `decoding ${goJson(parseYaml(text))}: ${(error as Error).message}`);
  }
  if (operations.length === 0) throw invalid(`patch appears to be empty; file=${path}, JsonOp=${text}`);
  return {
    transform(resources) {
      for (const resource of selectResources(resources.items, target, resources.schema)) applyOperations(resource, operations, source);
      resources.changed();
    },
  };
}

/** The patches of `patchesStrategicMerge:`, each a file or the patch itself. */
export function strategicMergeTransformer(paths: readonly string[], inline: string, loader: Loader): Transformer {
  if (paths.length === 0 && inline === '') throw invalid('empty file path and empty patch content');
  const patches = paths.flatMap((path) => readPatches(path, loader));
  if (inline !== '') patches.push(...readResources(inline));
  if (patches.length === 0) throw invalid(`patch appears to be empty; files=[${paths.join(' ')}], Patch=${inline}`);
  return {
    transform(resources: ResourceList) {
      for (const patch of patches) patchSelected(resources, [resources.targetOf(patch.originalId)], patch);
    },
  };
}

function readPatches(pathOrPatch: string, loader: Loader): Resource[] {
  try {
    return readResources(pathOrPatch, undefined, { takesAnyKey: true });
  } catch {
    return readResources(loader.load(pathOrPatch), loader.resolve(pathOrPatch), { takesAnyKey: true });
  }
}

/** Replacements, those in files of their own read. */
export function readReplacements(fields: readonly ReplacementField[], loader: Loader): Replacement[] {
  return fields.flatMap((field) => {
    const { path = '', ...inline } = field;
    if (path === '') return [inline];
    if (inline.source !== undefined || (inline.targets ?? []).length > 0) throw invalid('cannot specify both path and inline replacement');
    const value = parseYaml(loader.load(path), { file: loader.resolve(path) });
    if (Array.isArray(value)) return decode(arrayOf(replacement), value);
    if (typeof value === 'object' && value !== null) return [decode(replacement, value)];
    throw invalid(`unsupported replacement type encountered within replacement path: ${value === null ? 'invalid' : typeof value}`);
  });
}

function decodeText(content: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
}

function invalid(message: string): SluiceError {
  return new SluiceError('KustomizationInvalid', message);
}
