import { printYaml } from '@sluice/yaml';
import { mergeFieldSpecs, type FieldSpec } from '../config/field-spec.js';
import { toFieldSpecs, type TransformerConfig } from '../config/transformer-config.js';
import { wrapError } from '../errors.js';
import type { Label, Selector } from '../kustomization/kustomization.js';
import { imagesTransformer } from '../transformers/images.js';
import { pairsTransformer } from '../transformers/labels-and-annotations.js';
import { namespaceTransformer } from '../transformers/namespace.js';
import { affixTransformer } from '../transformers/prefix-suffix.js';
import { replacementsTransformer } from '../transformers/replacements.js';
import { replicasTransformer } from '../transformers/replicas.js';
import type { Transformer } from '../transformers/transformer.js';
import type { KustomizationFile } from './kustomization-file.js';
import type { Loader } from './loader.js';
import { jsonPatchTransformer, patchEntryTransformer, readReplacements, strategicMergeTransformer } from './plugins.js';

/** A transformer that a field of the kustomization asks for. */
export interface FieldTransformer extends Transformer {
  /** The built-in transformer that it is. */
  readonly kind: string;
}

/**
 * The transformers of a kustomization's own fields, in the order in which kustomize runs them. `eachImage` gives every
 * image one of its own, which leaves its own trace on what it changes.
 */
export function fieldTransformers(
  file: KustomizationFile,
  loader: Loader,
  config: TransformerConfig,
  options: { readonly eachImage: boolean },
): FieldTransformer[] {
  const { content } = file;
  const all: FieldTransformer[] = [];
  const add = (kind: string, field: readonly string[], transformer: Transformer): void => {
    all.push({ kind, transform: (resources) => file.at(field, () => transformer.transform(resources)) });
  };
  /** For transformers that read files: kustomize says with which settings that failed. */
  const addConfigured = (kind: string, field: readonly string[], settings: unknown, make: () => Transformer): void => {
    try {
      add(kind, field, file.at(field, make));
    } catch (error) {
      throw wrapError(error, `trouble configuring builtin ${kind} with config: \`\n${printYaml(settings)}\``);
    }
  };

  const { patchesStrategicMerge = [], patches = [], patchesJson6902 = [], replacements = [] } = content;
  if (patchesStrategicMerge.length > 0) {
    addConfigured('PatchStrategicMergeTransformer', ['patchesStrategicMerge'], { paths: patchesStrategicMerge }, () =>
      strategicMergeTransformer(patchesStrategicMerge, '', loader),
    );
  }
  for (const [index, entry] of patches.entries()) {
    addConfigured('PatchTransformer', ['patches', String(index)], entry, () =>
      patchEntryTransformer(entry, loader, () => printYaml(entry)),
    );
  }
  const { namespace = '', namePrefix = '', nameSuffix = '', commonAnnotations = {} } = content;
  if (namespace !== '') add('NamespaceTransformer', ['namespace'], namespaceTransformer({ namespace, specs: config.namespace }));
  if (namePrefix !== '') add('PrefixTransformer', ['namePrefix'], affixTransformer('prefix', namePrefix, config.namePrefix));
  if (nameSuffix !== '') add('SuffixTransformer', ['nameSuffix'], affixTransformer('suffix', nameSuffix, config.nameSuffix));
  const { labels = [], commonLabels = {} } = content;
  for (const [index, label] of labels.entries()) {
    add('LabelTransformer', ['labels', String(index)], pairsTransformer(label.pairs ?? {}, labelSpecs(label, config)));
  }
  if (labels.length > 0 || Object.keys(commonLabels).length > 0) {
    add('LabelTransformer', ['commonLabels'], pairsTransformer(commonLabels, config.commonLabels));
  }
  if (Object.keys(commonAnnotations).length > 0) {
    add('AnnotationsTransformer', ['commonAnnotations'], pairsTransformer(commonAnnotations, config.commonAnnotations));
  }
  for (const [index, { target, path, patch }] of patchesJson6902.entries()) {
    const settings: { target?: Selector; path?: string; jsonOp?: string } = {};
    if (target !== undefined) settings.target = target;
    if (path !== undefined) settings.path = path;
    if (patch !== undefined) settings.jsonOp = patch;
    addConfigured('PatchJson6902Transformer', ['patchesJson6902', String(index)], settings, () => jsonPatchTransformer(settings, loader));
  }
  for (const [index, replica] of (content.replicas ?? []).entries()) {
    add('ReplicaCountTransformer', ['replicas', String(index)], replicasTransformer(replica, config.replicas));
  }
  const { images = [] } = content;
  const groups = options.eachImage || images.length === 0 ? images.map((image) => [image]) : [images];
  for (const group of groups)
    add(
      'ImageTagTransformer',
      ['images'],
      file.at(['images'], () => imagesTransformer(group, config.images)),
    );
  if (replacements.length > 0) {
    addConfigured('ReplacementTransformer', ['replacements'], { replacements }, () =>
      replacementsTransformer(readReplacements(replacements, loader)),
    );
  }
  return all;
}

const metadataLabels: FieldSpec = { group: '', version: '', kind: '', path: 'metadata/labels', create: true };

function labelSpecs(label: Label, config: TransformerConfig): readonly FieldSpec[] {
  const own = mergeFieldSpecs(toFieldSpecs(label.fields), config.labels);
  if (label.includeSelectors === true) return mergeFieldSpecs(own, config.commonLabels);
  return mergeFieldSpecs(label.includeTemplates === true ? mergeFieldSpecs(own, config.templateLabels) : own, [metadataLabels]);
}
