/**
 * One interface to any Kubernetes API.
 *
 * @module
 */
export type {
  ApplyOptions,
  CallOptions,
  Cluster,
  DeleteOptions,
  Identity,
  KindKey,
  ListOptions,
  ObjectKey,
  ObjectList,
  PatchType,
  ResourceInfo,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './cluster.js';
export type { Fetch, HttpRequest, HttpResponse } from './http.js';
