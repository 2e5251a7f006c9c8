/**
 * Go's text/template.
 *
 * @module
 */
export { isEmptyTree, parseTemplate, type ParseOptions, type Tree } from './parse/parse.js';
export { printNode } from './parse/nodes.js';
export { TemplateError, type TemplatePlace } from './template-error.js';
