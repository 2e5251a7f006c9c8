/** The kinds of the Flux API as the commands know them. */
export * from './kinds.js';
export { notFound } from './not-found.js';
export { conditionsOf, field, statusSelector, textField, type Condition } from './status.js';
