import { SluiceError, joinPath, type JsonObject } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import { readCrdFile } from '../config/crds.js';
import { mergeFieldSpecs, type FieldSpec } from '../config/field-spec.js';
import {
  defaultConfig,
  emptyConfig,
  mergeConfigs,
  readConfigFile,
  toFieldSpecs,
  type TransformerConfig,
} from '../config/transformer-config.js';
import { wrapError } from '../errors.js';
import { generateData, mergeGeneratorOptions } from '../generators/data-generator.js';
import { inflateChart, type HelmContext, type HelmRenderer } from '../generators/helm-chart.js';
import {
  COMPONENT,
  KUSTOMIZATION_FILES,
  readKustomization,
  type Kustomization,
  type Label,
  type Selector,
} from '../kustomization/kustomization.js';
import type { Origin } from '../resource/origin.js';
import { Resource } from '../resource/resource.js';
import { ResourceList } from '../resource/resource-list.js';
import type { BuildSchema } from '../schema/build-schema.js';
import { imagesTransformer } from '../transformers/images.js';
import { pairsTransformer } from '../transformers/labels-and-annotations.js';
import { namespaceTransformer } from '../transformers/namespace.js';
import { affixTransformer } from '../transformers/prefix-suffix.js';
import { replacementsTransformer } from '../transformers/replacements.js';
import { replicasTransformer } from '../transformers/replicas.js';
import type { Transformer } from '../transformers/transformer.js';
import { Accumulator } from './accumulator.js';
import type { Loader } from './loader.js';
import { RemoteBaseError } from './remote.js';
import {
  jsonPatchTransformer,
  loadGenerator,
  loadTransformer,
  patchEntryTransformer,
  readReplacements,
  strategicMergeTransformer,
  type PluginContext,
} from './plugins.js';
import { readResources } from './read-resources.js';
import { checkUnchanged } from './validators.js';

/** What all kustomizations of one build share. */
export interface BuildContext {
  readonly schema: BuildSchema;
  readonly helm: HelmRenderer | undefined;
  readonly warnings: string[];
}

/** How the directory that is built may get its kustomization from elsewhere than its file. */
export type RootKustomization = (existing: Uint8Array | undefined) => Uint8Array | JsonObject;

/** Where a kustomization stands in its build. */
interface TargetPosition {
  /** The directory, as origins are written; undefined when the build does not keep them. */
  readonly originPath: string | undefined;
  /** The namespace of the kustomizations above, for charts. */
  readonly helmNamespace: string;
}

/** One kustomization of a build. */
export class Target {
  readonly kustomization: Kustomization & { readonly kind: string };
  readonly #context: BuildContext;
  readonly #loader: Loader;
  readonly #fileName: string;
  readonly #position: TargetPosition;

  private constructor(
    context: BuildContext,
    loader: Loader,
    file: { kustomization: Kustomization & { readonly kind: string }; name: string },
    position: TargetPosition,
  ) {
    this.#context = context;
    this.#loader = loader;
    this.kustomization = file.kustomization;
    this.#fileName = file.name;
    this.#position = position;
  }

  /** Reads the kustomization of the directory that is built. */
  static root(context: BuildContext, loader: Loader, provide?: RootKustomization): Target {
    const file = readFile(context, loader, provide);
    const isTracked = (file.kustomization.buildMetadata ?? []).length > 0;
    return new Target(context, loader, file, { originPath: isTracked ? '' : undefined, helmNamespace: '' });
  }

  /** Gathers the resources of the kustomization and of all it is made from. */
  accumulate(into = new Accumulator(this.#context.schema)): Accumulator {
    const { kustomization } = this;
    wrapping('accumulating resources', () => this.#addResources(into, kustomization.resources ?? []));
    into.mergeConfig(this.#readConfigs(kustomization.configurations ?? []));
    for (const path of kustomization.crds ?? []) into.mergeConfig(readCrdFile(this.#loader.load(path), this.#loader.resolve(path)));
    this.#runGenerators(into);
    const gathered = wrapping('accumulating components', () => this.#addComponents(into, kustomization.components ?? []));
    this.#runTransformers(gathered);
    this.#runValidators(gathered);
    const variables = kustomization.vars ?? [];
    wrapping('merging vars', () => gathered.mergeVariables(variables));
    return gathered;
  }

  #readConfigs(paths: readonly string[]): TransformerConfig {
    let own = emptyConfig;
    for (const path of paths) own = mergeConfigs(own, readConfigFile(this.#loader.load(path), this.#loader.resolve(path)));
    return mergeConfigs(defaultConfig(), own);
  }

  #addResources(into: Accumulator, paths: readonly string[]): void {
    for (const path of paths) {
      let fileError: SluiceError;
      try {
        this.#addFile(into.resources, path);
        continue;
      } catch (error) {
        if (!(error instanceof SluiceError) || (error instanceof RemoteBaseError && !/\.git|\?ref=/.test(path))) throw error;
        fileError = error;
      }
      let loader: Loader;
      try {
        loader = this.#loader.enter(path);
      } catch (error) {
        if (isContentError(fileError)) throw fileError;
        throw wrapError(error, `accumulation err='${fileError.message}'`);
      }
      wrapping(`accumulation err='${fileError.message}'`, () => this.#addDirectory(into, loader, path, false));
    }
  }

  #addFile(into: ResourceList, path: string): void {
    const context = `accumulating resources from '${path}'`;
    const resources = wrapping(context, () => readFileResources(this.#loader, path));
    if (this.#position.originPath !== undefined) {
      const origin = { path: joinOrigin(this.#position.originPath, path) };
      for (const resource of resources) resource.origin = origin;
    }
    wrapping(`merging resources from '${path}'`, () => into.appendAll(resources));
  }

  /** Components work on what has been gathered so far. */
  #addComponents(into: Accumulator, paths: readonly string[]): Accumulator {
    let gathered = into;
    for (const path of paths) {
      let loader: Loader;
      try {
        loader = this.#loader.enter(path);
      } catch (error) {
        throw quoting('loader.New', error);
      }
      try {
        gathered = this.#addDirectory(gathered, loader, path, true);
      } catch (error) {
        throw quoting('accumulateDirectory:', error);
      }
    }
    return gathered;
  }

  #addDirectory(into: Accumulator, loader: Loader, path: string, isComponent: boolean): Accumulator {
    const shown = loader.name;
    const file = wrapping(`couldn't make target for path '${shown}'`, () => readFile(this.#context, loader));
    const { originPath, helmNamespace } = this.#position;
    const namespace = this.kustomization.namespace ?? '';
    const target = new Target(this.#context, loader, file, {
      originPath: originPath === undefined ? undefined : joinOrigin(originPath, path),
      helmNamespace: namespace === '' ? helmNamespace : namespace,
    });
    useOpenApi(this.#context, loader, file.kustomization);
    const isActually = file.kustomization.kind === COMPONENT;
    if (isComponent && !isActually)
      throw misplaced(`expected kind '${COMPONENT}' for path '${shown}' but got '${file.kustomization.kind}'`, loader, file.name);
    if (!isComponent && isActually) throw misplaced(`expected kind != '${COMPONENT}' for path '${shown}'`, loader, file.name);
    if (isComponent) return wrapping(`recursed accumulation of path '${shown}'`, () => target.accumulate(into));
    const gathered = wrapping(`recursed accumulation of path '${shown}'`, () => target.accumulate());
    wrapping(`recursed merging from path '${shown}'`, () => into.merge(gathered));
    return into;
  }

  #runGenerators(into: Accumulator): void {
    const {
      configMapGenerator = [],
      secretGenerator = [],
      helmCharts = [],
      helmGlobals = {},
      generatorOptions,
      generators = [],
    } = this.kustomization;
    const place = { file: joinPath(this.#loader.directory, this.#fileName) };
    const load = (path: string): Uint8Array => this.#loader.load(path);
    const absorb = (resources: readonly Resource[], origin: Origin | undefined): void => {
      for (const resource of resources) resource.origin ??= origin;
      wrapping('merging from generator', () => into.resources.absorbAll(resources));
    };
    for (const [kind, list] of [
      ['ConfigMap', configMapGenerator],
      ['Secret', secretGenerator],
    ] as const) {
      const origin = this.#builtInOrigin(`${kind}Generator`);
      for (const generator of list) {
        const options = mergeGeneratorOptions(generator.options, generatorOptions);
        absorb([generateData(kind, { ...generator, options }, load, place)], origin);
      }
    }
    const charts = helmCharts.map((chart) => {
      const namespace = [chart.namespace, this.kustomization.namespace, this.#position.helmNamespace].find(
        (name) => name !== undefined && name !== '',
      );
      return namespace === undefined ? chart : { ...chart, namespace };
    });
    for (const chart of charts)
      absorb(inflateChart(helmGlobals, chart, this.#helmContext), this.#builtInOrigin('HelmChartInflationGenerator'));
    wrapping('loading generator plugins', () =>
      this.#readPlugins(generators, 'generator').map((config) => ({
        config,
        generate: wrapping('failed to load generator', () => loadGenerator(config, this.#pluginContext)),
      })),
    ).forEach(({ config, generate }) => absorb(generate(), pluginOrigin(config)));
  }

  #runTransformers(accumulator: Accumulator): void {
    const transformers = [
      ...this.#builtInTransformers(accumulator.config),
      ...this.#externalTransformers(this.kustomization.transformers ?? []),
    ];
    const { resources } = accumulator;
    for (const transformer of transformers) {
      this.#withPlace(() => transformer.transform(resources));
      if (transformer.origin !== undefined) {
        for (const resource of resources.items) {
          if (resource.origin === undefined) resource.origin = transformer.origin;
          else resource.transformations.push(transformer.origin);
        }
      }
      resources.dropEmpty();
    }
  }

  #runValidators(accumulator: Accumulator): void {
    for (const validator of this.#externalTransformers(this.kustomization.validators ?? []))
      checkUnchanged(accumulator.resources, validator);
  }

  /** The transformers of the kustomization's own fields, in the order in which kustomize runs them. */
  #builtInTransformers(config: TransformerConfig): Transformer[] {
    const { kustomization } = this;
    const all: Transformer[] = [];
    const add = (kind: string, transformers: readonly Transformer[]): void => {
      const origin = this.#builtInOrigin(kind);
      for (const transformer of transformers)
        all.push(origin === undefined ? transformer : { transform: (list) => transformer.transform(list), origin });
    };
    const configured = <T>(kind: string, settings: unknown, make: () => T): T => {
      try {
        return this.#withPlace(make);
      } catch (error) {
        throw wrapError(error, `trouble configuring builtin ${kind} with config: \`\n${printYaml(settings)}\``);
      }
    };
    const {
      patchesStrategicMerge = [],
      patches = [],
      patchesJson6902 = [],
      namespace = '',
      namePrefix = '',
      nameSuffix = '',
    } = kustomization;
    if (patchesStrategicMerge.length > 0) {
      const kind = 'PatchStrategicMergeTransformer';
      add(kind, [
        configured(kind, { paths: patchesStrategicMerge }, () => strategicMergeTransformer(patchesStrategicMerge, '', this.#loader)),
      ]);
    }
    add(
      'PatchTransformer',
      patches.map((entry) => configured('PatchTransformer', entry, () => patchEntryTransformer(entry, this.#loader, printYaml(entry)))),
    );
    if (namespace !== '') add('NamespaceTransformer', [namespaceTransformer({ namespace, specs: config.namespace })]);
    if (namePrefix !== '') add('PrefixTransformer', [affixTransformer('prefix', namePrefix, config.namePrefix)]);
    if (nameSuffix !== '') add('SuffixTransformer', [affixTransformer('suffix', nameSuffix, config.nameSuffix)]);
    add('LabelTransformer', this.#labelTransformers(config));
    const { commonAnnotations = {} } = kustomization;
    if (Object.keys(commonAnnotations).length > 0)
      add('AnnotationsTransformer', [pairsTransformer(commonAnnotations, config.commonAnnotations)]);
    add(
      'PatchJson6902Transformer',
      patchesJson6902.map(({ target, path, patch }) => {
        const settings: { target?: Selector; path?: string; jsonOp?: string } = {
          ...(target === undefined ? {} : { target }),
          ...(path === undefined ? {} : { path }),
          ...(patch === undefined ? {} : { jsonOp: patch }),
        };
        return configured('PatchJson6902Transformer', settings, () => jsonPatchTransformer(settings, this.#loader));
      }),
    );
    add(
      'ReplicaCountTransformer',
      (kustomization.replicas ?? []).map((replica) => replicasTransformer(replica, config.replicas)),
    );
    const { images = [] } = kustomization;
    // One pass for all of them, unless each has to leave its own trace.
    const groups = this.#position.originPath === undefined && images.length > 0 ? [images] : images.map((image) => [image]);
    add(
      'ImageTagTransformer',
      groups.map((group) => imagesTransformer(group, config.images)),
    );
    const { replacements = [] } = kustomization;
    if (replacements.length > 0) {
      const kind = 'ReplacementTransformer';
      add(kind, [configured(kind, { replacements }, () => replacementsTransformer(readReplacements(replacements, this.#loader)))]);
    }
    return all;
  }

  #labelTransformers(config: TransformerConfig): Transformer[] {
    const { labels = [], commonLabels = {} } = this.kustomization;
    if (labels.length === 0 && Object.keys(commonLabels).length === 0) return [];
    return [
      ...labels.map((label) => pairsTransformer(label.pairs ?? {}, labelSpecs(label, config))),
      pairsTransformer(commonLabels, config.commonLabels),
    ];
  }

  #externalTransformers(entries: readonly string[]): Transformer[] {
    return this.#readPlugins(entries, 'transformer').map((config) => {
      const transformer = loadTransformer(config, this.#pluginContext);
      const origin = pluginOrigin(config);
      return origin === undefined ? transformer : { transform: (list: ResourceList) => transformer.transform(list), origin };
    });
  }

  /** The configurations of plugins: the entry itself, a file, or a kustomization. */
  #readPlugins(entries: readonly string[], role: string): readonly Resource[] {
    const configs = new Accumulator(this.#context.schema);
    const paths: string[] = [];
    for (const entry of entries) {
      let inline: Resource[];
      try {
        inline = readResources(entry);
      } catch {
        paths.push(entry);
        continue;
      }
      if (this.#position.originPath !== undefined)
        for (const config of inline) config.origin = { path: joinOrigin(this.#position.originPath, this.#fileName) };
      wrapping(`configuring external ${role}`, () => configs.resources.appendAll(inline));
    }
    this.#addResources(configs, paths);
    return configs.resources.items;
  }

  get #pluginContext(): PluginContext {
    return { loader: this.#loader, helm: this.#helmContext };
  }

  get #helmContext(): HelmContext {
    return {
      renderer: this.#context.helm,
      load: (path) => this.#loader.load(path),
      resolve: (path) => this.#loader.resolve(path),
      place: { file: joinPath(this.#loader.directory, this.#fileName) },
    };
  }

  #builtInOrigin(kind: string): Origin | undefined {
    const { originPath } = this.#position;
    if (originPath === undefined) return undefined;
    return { configuredIn: joinOrigin(originPath, this.#fileName), configuredBy: { apiVersion: 'builtin', kind } };
  }

  /** Errors that don't know better come from the kustomization file. */
  #withPlace<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof SluiceError) || error.place.file !== undefined) throw error;
      throw new SluiceError(error.reason, error.message, {
        cause: error,
        place: { file: joinPath(this.#loader.directory, this.#fileName) },
      });
    }
  }
}

/** Makes the `openapi` field of a kustomization count. */
export function useOpenApi(context: BuildContext, loader: Loader, kustomization: Kustomization): void {
  context.schema.use(kustomization.openapi ?? {}, (path) => loader.load(path));
}

function readFile(
  context: BuildContext,
  loader: Loader,
  provide?: RootKustomization,
): { kustomization: Kustomization & { readonly kind: string }; name: string } {
  const names = KUSTOMIZATION_FILES.filter((name) => loader.stat(name) === 'file');
  const [name] = names;
  if (names.length > 1) {
    throw new SluiceError('KustomizationInvalid', `Found multiple kustomization files under: ${loader.name}\n`, {
      place: { file: loader.directory },
    });
  }
  if (name === undefined && provide === undefined) {
    throw new SluiceError(
      'FileNotFound',
      `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${loader.name}'`,
      {
        place: { file: loader.directory },
      },
    );
  }
  const fileName = name ?? KUSTOMIZATION_FILES[0];
  const existing = name === undefined ? undefined : loader.load(name);
  const content = provide === undefined ? existing! : asBytes(provide(existing));
  const { kustomization, warnings } = readKustomization(content, loader.resolve(fileName), loader.name);
  context.warnings.push(...warnings);
  return { kustomization, name: fileName };
}

function asBytes(content: Uint8Array | JsonObject): Uint8Array {
  return content instanceof Uint8Array ? content : new TextEncoder().encode(printYaml(content));
}

function readFileResources(loader: Loader, path: string): Resource[] {
  try {
    return readResources(loader.load(path), loader.resolve(path));
  } catch (error) {
    if (!(error instanceof SluiceError) || !error.message.startsWith('MalformedYAMLError')) throw error;
    throw new SluiceError(error.reason, `${error.message} in File: ${path}`, { cause: error, place: error.place });
  }
}

/** Whether an error is about what a file says, so that it certainly is a file and no base. */
function isContentError({ message }: SluiceError): boolean {
  return message.includes('MalformedYAMLError');
}

const metadataLabels: FieldSpec = { group: '', version: '', kind: '', path: 'metadata/labels', create: true };

function labelSpecs(label: Label, config: TransformerConfig): readonly FieldSpec[] {
  let specs = mergeFieldSpecs(toFieldSpecs(label.fields), config.labels);
  if (label.includeSelectors === true) return mergeFieldSpecs(specs, config.commonLabels);
  if (label.includeTemplates === true) specs = mergeFieldSpecs(specs, config.templateLabels);
  return mergeFieldSpecs(specs, [metadataLabels]);
}

function pluginOrigin(config: Resource): Origin | undefined {
  if (config.origin === undefined) return undefined;
  const { apiVersion, kind, name, namespace } = config;
  const { path = '', repo, ref } = config.origin;
  return {
    ...(repo === undefined ? {} : { repo }),
    ...(ref === undefined ? {} : { ref }),
    configuredIn: path,
    configuredBy: { apiVersion, kind, name, namespace },
  };
}

/** Paths of origins may lead above the directory of the build: `../base/web.yaml`. */
function joinOrigin(base: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${base}/${path}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

function wrapping<T>(context: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw wrapError(error, context);
  }
}

function quoting(context: string, error: unknown): SluiceError {
  if (!(error instanceof SluiceError)) throw error;
  return new SluiceError(error.reason, `${context} ${JSON.stringify(error.message)}`, { cause: error, place: error.place });
}

function misplaced(message: string, loader: Loader, fileName: string): SluiceError {
  return new SluiceError('KustomizationInvalid', message, { place: { file: joinPath(loader.directory, fileName) } });
}
