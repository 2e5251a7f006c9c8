/**
 * YAML as the tools of Kubernetes read and print it.
 *
 * - {@link parseYaml}, {@link parseYamlDocuments}: text to plain values, by the rules of sigs.k8s.io/yaml or of kyaml.
 * - {@link printYaml}: values to text as sigs.k8s.io/yaml prints them (kubectl, kustomize build, Helm's `toYaml`);
 *   {@link printYamlPretty}: as Helm's `toYamlPretty` does.
 * - {@link parseYamlNodes}, {@link printYamlNodes}: text to nodes with styles and comments and back, as go-yaml v3
 *   does; {@link nodeValue}: the value of a node. {@link parseYamlTree}: ordinary texts to a tree of one's own, quicker.
 *
 * ```ts
 * parseYaml('replicas: 0o17\non: yes'); // { replicas: 15, true: true }
 * parseYaml('on: yes', { types: 'kyaml' }); // { on: 'yes' }
 * printYaml({ port: '80', list: ['a'] }); // 'list:\n- a\nport: "80"\n'
 * ```
 *
 * What can't be read is a {@link YamlError}: its `text` is what the Go tools say, its message has the line as well.
 *
 * @module
 */
export { YamlError } from './error.js';
export {
  nodeValue,
  parseYaml,
  parseYamlDocuments,
  parseYamlNodes,
  parseYamlTree,
  type YamlDocument,
  type YamlTreeDocument,
} from './read/parse.js';
export type { ScalarMaker, YamlTree } from './read/fast-trees.js';
export type { FastStyle } from './read/fast-scalars.js';
export { printYamlNodes, type YamlNodeLayout } from './print/print-nodes.js';
export { printYaml, printYamlPretty, printYamlSorted } from './print/print-values.js';
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
