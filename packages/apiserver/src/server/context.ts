import type { KubeObject } from '@sluice/core';
import type { HttpHeaders } from '@sluice/kube';
import type { Admission } from '../admission/index.js';
import type { Authenticator } from '../auth/authenticate.js';
import type { Rbac } from '../auth/rbac.js';
import type { ServiceAccountTokens } from '../auth/service-account-tokens.js';
import type { UserInfo } from '../auth/user.js';
import type { Lookup, WriteContext } from '../kinds/index.js';
import type { Registry } from '../registry/registry.js';
import type { Resource } from '../registry/resource.js';
import type { Store } from '../store/store.js';
import type { Stored } from '../store/stored.js';
import type { Representation } from './negotiate.js';
import type { RequestInfo, ResourcePath } from './request-info.js';

/** What all requests of one server share. */
export interface ServerContext {
  readonly store: Store;
  readonly registry: Registry;
  readonly rbac: Rbac;
  readonly authenticator: Authenticator;
  readonly tokens: ServiceAccountTokens;
  readonly lookup: Lookup;
  readonly services: WriteContext['services'];
  /** The webhooks that are asked before a write is stored. */
  readonly admission: Admission;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly uuid: () => string;
  /** Told of every write at once, while its effects can still be in the same revision order: definitions start and stop being served here. */
  readonly afterWrite: (resource: Resource, before: Stored | undefined, after: Stored | undefined) => void;
  /** The text that a container would have logged. */
  readonly podLog: (pod: KubeObject, container: string) => string;
}

/** One request, once it is known who makes it and that they may. */
export interface Call {
  readonly context: ServerContext;
  readonly method: string;
  readonly info: RequestInfo;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array | string | undefined;
  readonly user: UserInfo;
  /** Aborted when the caller goes away. Asked for by what waits only: it is made when it is first read. */
  readonly signal: () => AbortSignal | undefined;
  /** Texts for Warning headers. */
  readonly warnings: string[];
}

/** A request about a resource that is served. */
export interface ResourceCall extends Call {
  readonly path: ResourcePath;
  readonly resource: Resource;
  readonly representation: Representation;
}

let lastSecond = Number.NaN;
let lastTimestamp = '';

/** A time as metadata has it. Most are of the second that was asked for last. */
export function timestamp(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastTimestamp = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
  }
  return lastTimestamp;
}
