/**
 * What the API server knows about the built-in kinds beyond their types: defaults, strategies (who may write what),
 * validation with the API server's texts, admission, conversion between versions. Pure functions over plain objects;
 * nothing is cloned, only what changes is copied.
 *
 * A write passes through in this order:
 *
 * ```ts
 * const decoded = applyDefaults(decode(body));         // before field tracking: the writer owns these
 * const tracked = trackUpdate({ live, next: decoded }); // package-internal `objects`
 * const { object, errors, warnings, forbidden, settle } = prepareCreate(tracked, context); // or prepareUpdate
 * // forbidden → 403, errors → 422, else store the object and call settle(true); settle(false) when it was not stored
 * ```
 *
 * @module
 */
export type { Lookup, Prepared, WriteContext } from './context.js';
export { convertKind } from './conversion.js';
export { fieldsOf, isSet, itemsOf, mapOf, numberOf, stringsOf, textOf, type Fields } from './common/index.js';
export { selectorText, selects } from './common/selectors.js';
export { resolveIntOrPercent } from './workloads/common.js';
export { nextRun, parseSchedule } from './workloads/cron-schedule.js';
export { usedOf } from './core/quota.js';
export { createServiceAllocator, type ServiceAllocator } from './network/service-allocator.js';
export { applyDefaults, prepareCreate, prepareUpdate } from './prepare.js';
export { scaleOf } from './scale.js';
