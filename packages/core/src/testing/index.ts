/**
 * What tests of others need: messages of OTLP as they can be compared.
 *
 * @module
 */
export { readTraceRequest } from './read-spans.js';
