import { SluiceError, type FileTree, type KubeObject } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import type { HelmRenderer } from '../generators/helm-chart.js';
import { toJson } from '../node/json.js';
import { mappingOf, textOf } from '../node/node.js';
import { buildAnnotations } from '../resource/build-annotations.js';
import { ORIGIN_ANNOTATION, TRANSFORMATIONS_ANNOTATION, originText, originsText } from '../resource/origin.js';
import { setTexts, textsOf, type Resource, type ResourcePlace } from '../resource/resource.js';
import type { ResourceList } from '../resource/resource-list.js';
import { BuildSchema } from '../schema/build-schema.js';
import { addHashes } from '../transformers/hash.js';
import { pairsTransformer } from '../transformers/labels-and-annotations.js';
import { fixNameReferences } from '../transformers/name-references.js';
import { sortResources } from '../transformers/sort-order.js';
import { resolveVariables } from '../transformers/variables.js';
import { Loader, type LoadRestrictions } from './loader.js';
import type { Remotes } from './remote.js';
import type { RootKustomization } from './kustomization-file.js';
import { Target, type BuildContext } from './target.js';

/** How a build runs. The defaults are those of kustomize's library, which Flux uses. */
export interface BuildOptions {
  /**
   * The order of the output: `none` as resources are listed; `legacy` and `unspecified` by kind, which is what the
   * command does when nothing is said. `sortOptions` of the kustomization come first. Default: `none`.
   */
  readonly reorder?: 'legacy' | 'none' | 'unspecified';
  /** Which files a kustomization may name: those in and below its directory, or any of the tree. Default: `none`. */
  readonly loadRestrictions?: LoadRestrictions;
  /** What has been fetched for remote bases. Without it they are refused. */
  readonly remotes?: Remotes;
  /** Renders `helmCharts`. Without it they are refused. */
  readonly helm?: HelmRenderer;
  /** Labels everything as managed by kustomize. */
  readonly addManagedByLabel?: boolean;
  /** A kustomization's own OpenAPI schema adds to the built-in one instead of replacing it, as with Flux. */
  readonly keepBuiltInSchema?: boolean;
  /** The kustomization of the built directory, given what its file says; in the place of that file or of a missing one. */
  readonly rootKustomization?: RootKustomization;
  /** Unknown fields of that kustomization are warnings, and scalars become strings where wanted: Flux, which rewrites the file, reads it so. */
  readonly lenientRoot?: boolean;
  /** What messages call the root of the tree. With `/` the tree is a file system: `..` of its root is the root. Default: `.`. */
  readonly rootName?: string;
}

export interface BuildResult {
  readonly objects: readonly KubeObject[];
  /** Where each object comes from, as far as that is one file. */
  readonly origins: readonly (ResourcePlace | undefined)[];
  /** What kustomize writes to standard error about a build that succeeds. */
  readonly warnings: readonly string[];
}

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const LOCAL_CONFIG = 'config.kubernetes.io/local-config';
/** The version that this follows, and that it signs with. */
const KUSTOMIZE_VERSION = 'v5.8.1';

/**
 * Builds the kustomization in a directory of a tree, as `kustomize build` does.
 *
 * ```ts
 * const { objects } = build(directoryTree('/repo'), 'apps/production');
 * ```
 */
export function build(tree: FileTree, path: string, options: BuildOptions = {}): BuildResult {
  const context: BuildContext = {
    schema: new BuildSchema({ keepBuiltIn: options.keepBuiltInSchema === true }),
    helm: options.helm,
    warnings: [],
  };
  const loader = Loader.at(tree, path, {
    restrictions: options.loadRestrictions ?? 'none',
    remotes: options.remotes,
    rootName: options.rootName ?? '.',
  });
  const target = Target.root(context, loader, {
    ...(options.rootKustomization === undefined ? {} : { provide: options.rootKustomization }),
    isLenient: options.lenientRoot === true,
  });
  return target.file.at([], () => finishBuild(target, context, options));
}

/** What is done once, after all kustomizations have been gathered. */
function finishBuild(target: Target, context: BuildContext, options: BuildOptions): BuildResult {
  const { resources, config, variables } = target.accumulate();
  addHashes(resources);
  fixNameReferences(resources, config.nameReference);
  const unused = resolveVariables(resources, variables, config.varReference);
  if (unused.length > 0) context.warnings.push(`well-defined vars that were never replaced: ${unused.join(',')}`);
  resources.reset(resources.items.filter((resource) => !isLocal(resource)));
  const { sortOptions, buildMetadata = [] } = target.file.content;
  order(resources, sortOptions, options.reorder ?? 'none', context);
  const metadata = new Set(buildMetadata);
  if (options.addManagedByLabel === true || metadata.has('managedByLabel')) {
    const specs = [{ group: '', version: '', kind: '', path: 'metadata/labels', create: true }];
    pairsTransformer({ [MANAGED_BY]: `kustomize-${KUSTOMIZE_VERSION}` }, specs).transform(resources);
  }
  return {
    objects: resources.items.map((resource) => finish(resource, metadata)),
    origins: resources.items.map(({ place }) => place),
    warnings: context.warnings,
  };
}

/** The text that `kustomize build` prints. */
export function printBuild({ objects }: Pick<BuildResult, 'objects'>): string {
  return objects.map((object) => printYaml(object)).join('---\n');
}

/** A resource that only tools on the user's machine should see. */
function isLocal(resource: Resource): boolean {
  if (resource.isEmpty) return true;
  const local = resource.annotations?.get(LOCAL_CONFIG);
  return local !== undefined && textOf(local) !== 'false';
}

function order(
  resources: ResourceList,
  sortOptions: Parameters<typeof sortResources>[1] | undefined,
  reorder: string,
  context: BuildContext,
): void {
  if (sortOptions !== undefined) {
    if (reorder !== 'unspecified' && reorder !== 'none') {
      context.warnings.push(
        "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag ('--reorder'). Using the kustomization file over the CLI flag.",
      );
    }
    sortResources(resources, sortOptions);
  } else if (reorder !== 'none') {
    sortResources(resources, { order: 'legacy' });
  }
}

/** The object of a resource, its annotations as strings and without those that the build needed. */
function finish(resource: Resource, metadata: ReadonlySet<string>): KubeObject {
  const texts = textsOf(resource.annotations);
  texts.forEach((_, key) => {
    if (buildAnnotations.has(key) || key === ORIGIN_ANNOTATION || key === TRANSFORMATIONS_ANNOTATION) texts.delete(key);
  });
  if (metadata.has('originAnnotations') && resource.origin !== undefined) texts.set(ORIGIN_ANNOTATION, originText(resource.origin));
  if (metadata.has('transformerAnnotations') && resource.transformations.length > 0) {
    texts.set(TRANSFORMATIONS_ANNOTATION, originsText(resource.transformations));
  }
  if (texts.size > 0 || mappingOf(resource.root.get('metadata'))?.has('annotations') === true) setTexts(resource, 'annotations', texts);
  try {
    return toJson(resource.root) as unknown as KubeObject;
  } catch (error) {
    if (!(error instanceof SluiceError) || resource.place === undefined) throw error;
    throw new SluiceError(error.reason, error.message, { cause: error, place: resource.place });
  }
}
