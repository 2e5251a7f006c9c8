/**
 * Admission webhooks: asked before a write is stored. Mutating ones one after the other, and before validation;
 * validating ones all at once, after it. Nothing happens, and nothing is allocated, while no configuration exists.
 *
 * ```ts
 * if (context.admission.isAsked) {
 *   const mutated = await context.admission.mutate(call, { operation: 'CREATE', object, oldObject: undefined, dryRun });
 *   // … validate, then
 *   await context.admission.validate(call, { operation: 'CREATE', object: mutated, oldObject: undefined, dryRun });
 * }
 * ```
 *
 * @module
 */
export { Admission } from './admission.js';
export { Moved } from './moved.js';
export { sendHttps, type Send } from './send.js';
