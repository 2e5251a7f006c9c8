/** The kinds of the Flux API as the commands know them. */
export * from './kinds.js';
export { conditionsOf, field, statusSelector } from './status.js';
