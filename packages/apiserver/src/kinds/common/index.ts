/**
 * What the rules of every kind are written with: reading JSON without casts, edits that copy only what they change,
 * and the checks that kinds share.
 *
 * @module
 */
export { at, defaults, each, pipe, within, withField, zeroDefaults, type Edit } from './edit.js';
export { fieldsOf, isSet, itemsOf, mapOf, numberOf, stringsOf, textOf, type Fields } from './fields.js';
