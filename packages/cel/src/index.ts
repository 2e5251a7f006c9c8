/**
 * CEL with the Kubernetes libraries: optional values, strings, lists, sets, regular expressions in linear time, URLs,
 * quantities, addresses, versions, formats; with a cost limit.
 *
 * @module
 */
export { CelCostError, CelError, CelSyntaxError } from './error.js';
export {
  type CelProgram,
  compileExpression,
  compileProgram,
  type Expression,
  type ExpressionOptions,
  type ResultKind,
} from './expression.js';
export { namedFormatFaults } from './functions/format.js';
export { hasTextFormat } from './functions/text-formats.js';
export { type CelType, dyn, listOf, mapOf, optionalOf } from './types.js';
export { CelOptional, type CelValue, fromJson } from './values.js';
