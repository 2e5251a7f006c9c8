/**
 * For tests of other packages: servers on loopback that sources come from.
 *
 * @module
 */
export { listen, type TestServer } from './testing/https-server.js';
export { findProgram, memoryRegistry, startDockerRegistry, type MemoryRegistry } from './testing/registry.js';
export { serveBucket, type TestBucket } from './testing/s3-server.js';
