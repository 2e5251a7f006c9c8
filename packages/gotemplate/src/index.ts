/**
 * Go's text/template, with the functions of sprig.
 *
 * ```ts
 * const templates = createTemplates({ functions: sprigFunctions(), missingKey: 'zero' });
 * templates.parse('greeting', 'Hello {{ .name | default "you" | title }}!');
 * templates.execute('greeting', { name: 'world' }); // 'Hello World!'
 * ```
 *
 * @module
 */
export {
  createTemplateCache,
  createTemplates,
  type ExecuteOptions,
  type TemplateCache,
  type Templates,
  type TemplatesOptions,
} from './templates.js';
export type { CallContext, TemplateLimits } from './exec/context.js';
export { contextFunction, goFunction, goMethod, type FunctionTable, type GoFunction } from './exec/function.js';
export { bytesToString, stringToBytes } from './parse/literals.js';
export { TemplateError, type TemplatePlace } from './template-error.js';
export {
  compareBytes,
  GoDuration,
  GoError,
  GoInt,
  goInt,
  isNilCollection,
  GoStruct,
  GoTime,
  JsonNumber,
  nameType,
  nilMap,
  nilSlice,
  typedMap,
  typedSlice,
  typeName,
  type GoMap,
  type GoSlice,
  type GoValue,
  type Methods,
} from './values/values.js';
export { isTrue } from './values/truth.js';
export { sprintf } from './fmt/printf.js';
export { decodeJson, decodeJsonPrefix } from './json/decode.js';
export { encodeJson, type JsonStyle } from './json/encode.js';
export { sprigFunctions } from './sprig/index.js';
export type { SprigHost } from './sprig/host.js';
