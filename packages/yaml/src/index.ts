/**
 * YAML as the tools of Kubernetes read and print it.
 *
 * - {@link parseYaml}, {@link parseYamlDocuments}: text to plain values.
 * - {@link printYaml}: plain values to text, as sigs.k8s.io/yaml (kubectl, kustomize, Helm's `toYaml`) prints them.
 *
 * @module
 */
export { YamlError } from './error.js';
export { nodeValue, parseYaml, parseYamlDocuments, parseYamlNodes, type YamlDocument } from './read/parse.js';
export { printYamlNodes, type YamlNodeLayout } from './print/print-nodes.js';
export { printYaml, printYamlPretty } from './print/print-values.js';
export type {
  CollectionStyle,
  ScalarStyle,
  YamlAlias,
  YamlEntry,
  YamlMapping,
  YamlNode,
  YamlNodeDocument,
  YamlScalar,
  YamlSequence,
} from './node.js';
export { formatFloatG } from './go-number.js';
export { booleanOf, floatOf, integerOf, plainTag, timestampOf, type ScalarTag } from './resolve.js';
export { defaultLimits, type YamlLimits, type YamlReadOptions, type YamlTextOptions, type YamlTypes } from './options.js';
