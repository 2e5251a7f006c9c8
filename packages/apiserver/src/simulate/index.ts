/**
 * The controllers of the embedded cluster.
 *
 * Those that are part of any cluster always run: namespaces empty and go, owned objects go with their owners, every
 * namespace has its service account, storage in use is protected.
 *
 * @module
 */
export { startControllers, type ControllerOptions, type RunningControllers } from './controllers.js';
