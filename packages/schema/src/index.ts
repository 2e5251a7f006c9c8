/**
 * Structural schemas of Kubernetes: pruning, defaults and validation of custom resources with the API server's texts.
 *
 * @module
 */
export { compileSchema } from './compile.js';
export { validateDefinition } from './crd/definition.js';
export { type ScalePaths, validateScale } from './crd/scale.js';
export { applySchemaDefaults, type DefaultOptions } from './defaults.js';
export * from './field-error.js';
export type { SchemaNode } from './node.js';
export { type PruneOptions, pruneValue } from './prune.js';
export { validateObject } from './validate-object.js';
