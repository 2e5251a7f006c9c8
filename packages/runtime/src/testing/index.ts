/**
 * What tests of controllers need: a clock that stands still, and caches that a test fills.
 *
 * @module
 */
export { manualClock, settle, type ManualClock } from './manual-clock.js';
export { memoryCache, type MemoryCache } from './memory-cache.js';
