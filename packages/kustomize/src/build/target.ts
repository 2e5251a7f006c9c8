import { SluiceError, withoutCredentials } from '@sluice/core';
import { readCrdFile } from '../config/crds.js';
import { defaultConfig, emptyConfig, mergeConfigs, readConfigFile, type TransformerConfig } from '../config/transformer-config.js';
import { wrapError } from '../errors.js';
import { generateData, mergeGeneratorOptions } from '../generators/data-generator.js';
import { inflateChart, type HelmContext, type HelmRenderer } from '../generators/helm-chart.js';
import { COMPONENT } from '../kustomization/kustomization.js';
import type { Origin } from '../resource/origin.js';
import { setTexts, textsOf, type Resource } from '../resource/resource.js';
import type { ResourceList } from '../resource/resource-list.js';
import type { BuildSchema } from '../schema/build-schema.js';
import type { Transformer } from '../transformers/transformer.js';
import { variablesText } from '../transformers/variables.js';
import { Accumulator } from './accumulator.js';
import { fieldTransformers } from './field-transformers.js';
import { KustomizationFile, type RootSettings } from './kustomization-file.js';
import type { Loader } from './loader.js';
import { loadGenerator, loadTransformer, type PluginContext } from './plugins.js';
import { readResources } from './read-resources.js';
import { RemoteBaseError, isRepositoryUrl } from './remote.js';
import { checkUnchanged } from './validators.js';

/** What all kustomizations of one build share. */
export interface BuildContext {
  readonly schema: BuildSchema;
  readonly helm: HelmRenderer | undefined;
  readonly warnings: string[];
}

/** Where a kustomization stands in its build. */
interface TargetPosition {
  /** Where that is, as origins are written; undefined when the build does not keep them. */
  readonly origin: Origin | undefined;
  /** The namespace of the kustomizations above, for charts. */
  readonly helmNamespace: string;
}

/** One kustomization of a build. */
export class Target {
  readonly file: KustomizationFile;
  readonly #context: BuildContext;
  readonly #loader: Loader;
  readonly #position: TargetPosition;

  private constructor(context: BuildContext, loader: Loader, file: KustomizationFile, position: TargetPosition) {
    this.#context = context;
    this.#loader = loader;
    this.file = file;
    this.#position = position;
    context.warnings.push(...file.warnings);
    file.at(['openapi'], () => context.schema.use(file.content.openapi ?? {}, (path) => loader.load(path)));
  }

  /** The kustomization of the directory that is built. */
  static root(context: BuildContext, loader: Loader, settings: RootSettings = {}): Target {
    const file = KustomizationFile.read(loader, settings);
    const isTracked = (file.content.buildMetadata ?? []).length > 0;
    return new Target(context, loader, file, { origin: isTracked ? {} : undefined, helmNamespace: '' });
  }

  /** Gathers the resources of the kustomization and of all it is made from. A component works on what is there already. */
  accumulate(into = new Accumulator(this.#context.schema)): Accumulator {
    return this.file.at([], () => this.#accumulate(into));
  }

  #accumulate(into: Accumulator): Accumulator {
    const { content } = this.file;
    wrapping('accumulating resources', () => this.#addResources(into, content.resources ?? [], 'resources'));
    into.mergeConfig(this.#readConfigs(content.configurations ?? []));
    for (const [index, path] of (content.crds ?? []).entries()) {
      into.mergeConfig(this.file.at(['crds', String(index)], () => readCrdFile(this.#loader.load(path), this.#loader.resolve(path))));
    }
    this.#runGenerators(into);
    const gathered = wrapping('accumulating components', () => this.#addComponents(into, content.components ?? []));
    this.#runTransformers(gathered);
    this.#runValidators(gathered);
    const variables = content.vars ?? [];
    wrapping(`merging vars [${variablesText(variables)}]`, () => this.file.at(['vars'], () => gathered.mergeVariables(variables)));
    return gathered;
  }

  #readConfigs(paths: readonly string[]): TransformerConfig {
    let own = emptyConfig;
    for (const [index, path] of paths.entries()) {
      const config = this.file.at(['configurations', String(index)], () =>
        readConfigFile(this.#loader.load(path), this.#loader.resolve(path)),
      );
      own = mergeConfigs(own, config);
    }
    return mergeConfigs(defaultConfig(), own);
  }

  #addResources(into: Accumulator, paths: readonly string[], field: string): void {
    for (const [index, path] of paths.entries()) this.file.at([field, String(index)], () => this.#addResource(into, path));
  }

  /** A path is a file, or else another kustomization. */
  #addResource(into: Accumulator, path: string): void {
    let fileError: SluiceError;
    try {
      this.#addFile(into.resources, path);
      return;
    } catch (error) {
      const mayBeRepository = !(error instanceof RemoteBaseError) || isRepositoryUrl(path);
      if (!(error instanceof SluiceError) || !mayBeRepository) throw error;
      fileError = error;
    }
    let loader: Loader;
    try {
      loader = this.#loader.enter(path);
    } catch (error) {
      if (isContentError(fileError)) throw fileError;
      const both = wrapError(error, `accumulation err='${fileError.message}'`);
      // What is there is a file: then that it could not be used counts, not that it is no directory.
      if (both.reason !== 'FileInvalid') throw both;
      throw new SluiceError(fileError.reason, both.message, { cause: fileError, place: fileError.place });
    }
    wrapping(`accumulation err='${fileError.message}'`, () => this.#addDirectory(into, loader, path, false));
  }

  #addFile(into: ResourceList, path: string): void {
    const resources = wrapping(`accumulating resources from '${path}'`, () => readFile(this.#loader, path));
    if (this.#position.origin !== undefined) {
      const origin = originOf(this.#position.origin, path);
      for (const resource of resources) resource.origin = origin;
    }
    wrapping(`merging resources from '${path}'`, () => into.appendAll(resources));
  }

  #addComponents(into: Accumulator, paths: readonly string[]): Accumulator {
    let gathered = into;
    for (const [index, path] of paths.entries()) {
      gathered = this.file.at(['components', String(index)], () => {
        const loader = quoting('loader.New', () => this.#loader.enter(path));
        return quoting('accumulateDirectory:', () => this.#addDirectory(gathered, loader, path, true));
      });
    }
    return gathered;
  }

  #addDirectory(into: Accumulator, loader: Loader, path: string, isComponent: boolean): Accumulator {
    const shown = loader.name;
    const { origin, helmNamespace } = this.#position;
    const namespace = this.file.content.namespace ?? '';
    const file = wrapping(`couldn't make target for path '${shown}'`, () => KustomizationFile.read(loader));
    const target = new Target(this.#context, loader, file, {
      origin: origin === undefined ? undefined : originOf(origin, path, loader),
      helmNamespace: namespace === '' ? helmNamespace : namespace,
    });
    const { kind } = file.content;
    if (isComponent !== (kind === COMPONENT)) {
      const fault = isComponent
        ? `expected kind '${COMPONENT}' for path '${shown}' but got '${kind}'`
        : `expected kind != '${COMPONENT}' for path '${shown}'`;
      throw new SluiceError('KustomizationInvalid', fault, { place: file.place('kind') });
    }
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
    } = this.file.content;
    const absorb = (resources: readonly Resource[], origin: Origin | undefined): void => {
      for (const resource of resources) resource.origin ??= origin;
      wrapping('merging from generator', () => into.resources.absorbAll(resources));
    };
    const load = (path: string): Uint8Array => this.#loader.load(path);
    const dataGenerators = [
      ['ConfigMap', 'configMapGenerator', configMapGenerator],
      ['Secret', 'secretGenerator', secretGenerator],
    ] as const;
    for (const [kind, field, list] of dataGenerators) {
      const origin = this.#builtInOrigin(`${kind}Generator`);
      for (const [index, generator] of list.entries()) {
        const options = mergeGeneratorOptions(generator.options, generatorOptions);
        this.file.at([field, String(index)], () =>
          absorb([generateData(kind, { ...generator, options }, load, { file: this.file.path })], origin),
        );
      }
    }
    for (const [index, chart] of helmCharts.entries()) {
      const namespace = [chart.namespace, this.file.content.namespace, this.#position.helmNamespace].find(
        (name) => name !== undefined && name !== '',
      );
      const settings = namespace === undefined ? chart : { ...chart, namespace };
      this.file.at(['helmCharts', String(index)], () =>
        absorb(inflateChart(helmGlobals, settings, this.#helmContext), this.#builtInOrigin('HelmChartInflationGenerator')),
      );
    }
    const plugins = wrapping('loading generator plugins', () =>
      this.#readPlugins(generators, 'generator').map((config) => {
        const generate = wrapping('failed to load generator', () => loadGenerator(config, this.#pluginContext));
        return { config, generate };
      }),
    );
    for (const { config, generate } of plugins) this.file.at(['generators'], () => absorb(generate(), pluginOrigin(config)));
  }

  #runTransformers(accumulator: Accumulator): void {
    const isTracked = this.#position.origin !== undefined;
    const own = fieldTransformers(this.file, this.#loader, accumulator.config, { eachImage: isTracked }).map(({ kind, transform }) => {
      const origin = this.#builtInOrigin(kind);
      return { transform, ...(origin === undefined ? {} : { origin }) };
    });
    const { resources } = accumulator;
    for (const transformer of [...own, ...this.#externalTransformers(this.file.content.transformers ?? [])]) {
      this.file.at(['transformers'], () => transformer.transform(resources));
      if (transformer.origin !== undefined) leaveTrace(resources, transformer.origin);
      resources.dropEmpty();
    }
  }

  #runValidators(accumulator: Accumulator): void {
    for (const validator of this.#externalTransformers(this.file.content.validators ?? [])) {
      this.file.at(['validators'], () => checkUnchanged(accumulator.resources, validator));
    }
  }

  #externalTransformers(entries: readonly string[]): Transformer[] {
    return this.#readPlugins(entries, 'transformer').map((config) => {
      const { transform } = loadTransformer(config, this.#pluginContext);
      const origin = pluginOrigin(config);
      return { transform, ...(origin === undefined ? {} : { origin }) };
    });
  }

  /** The configurations of plugins: the entry itself, a file, or a kustomization. */
  #readPlugins(entries: readonly string[], role: 'generator' | 'transformer'): readonly Resource[] {
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
      if (this.#position.origin !== undefined) {
        const origin = originOf(this.#position.origin, this.file.name);
        for (const config of inline) config.origin = origin;
      }
      wrapping(`configuring external ${role}`, () => configs.resources.appendAll(inline));
    }
    this.#addResources(configs, paths, `${role}s`);
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
      place: { file: this.file.path },
    };
  }

  #builtInOrigin(kind: string): Origin | undefined {
    const { origin } = this.#position;
    if (origin === undefined) return undefined;
    const { path = '', ...repository } = originOf(origin, this.file.name);
    return { ...repository, configuredIn: path, configuredBy: { apiVersion: 'builtin', kind } };
  }
}

/** Notes on every resource what changed it; one without an origin was made by it. */
function leaveTrace(resources: ResourceList, origin: Origin): void {
  for (const resource of resources.items) {
    if (resource.origin === undefined) resource.origin = origin;
    else resource.transformations.push(origin);
    // Writing the trace makes strings of the other annotations as well.
    if (resource.annotations !== undefined) setTexts(resource, 'annotations', textsOf(resource.annotations));
  }
}

function readFile(loader: Loader, path: string): Resource[] {
  try {
    return readResources(loader.load(path), loader.resolve(path));
  } catch (error) {
    if (!(error instanceof SluiceError) || !error.message.startsWith('MalformedYAMLError')) throw error;
    throw new SluiceError(error.reason, `${error.message} in File: ${path}`, { cause: error, place: error.place });
  }
}

/** Whether an error is about what a file says, so that it certainly is a file and no base. */
function isContentError({ reason }: SluiceError): boolean {
  return reason === 'YamlInvalid' || reason === 'YamlTooComplex';
}

function pluginOrigin({ origin, apiVersion, kind, name, namespace }: Resource): Origin | undefined {
  if (origin === undefined) return undefined;
  const { path = '', repo, ref } = origin;
  return {
    ...(repo === undefined ? {} : { repo }),
    ...(ref === undefined ? {} : { ref }),
    configuredIn: path,
    configuredBy: { apiVersion, kind, name, namespace },
  };
}

/** Where something is that a kustomization names: in a file or directory beside it, or in a repository of its own. */
function originOf(base: Origin, path: string, entered?: Loader): Origin {
  if (entered?.repository !== undefined) {
    const { repo = path, ref, path: directory } = entered.repository;
    return { path: joinOrigin('', directory), repo: withoutCredentials(repo), ...(ref === undefined ? {} : { ref }) };
  }
  return { ...base, path: joinOrigin(base.path ?? '', withoutCredentials(path)) };
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

/** As {@link wrapping}, with the message in quotes: components have it so. */
function quoting<T>(context: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError(error.reason, `${context} ${JSON.stringify(error.message)}`, { cause: error, place: error.place });
  }
}
