import { randomUUID } from 'node:crypto';
import type { Fetch } from '@sluice/kube';
import { Admission, sendHttps, type Send } from '../admission/index.js';
import { Authenticator } from '../auth/authenticate.js';
import { Rbac } from '../auth/rbac.js';
import { ServiceAccountTokens } from '../auth/service-account-tokens.js';
import type { UserInfo } from '../auth/user.js';
import { Definitions } from '../definitions/definitions.js';
import { DEFINITIONS } from '../registry/definition.js';
import { Registry } from '../registry/registry.js';
import type { Store } from '../store/store.js';
import type { ServerContext } from './context.js';
import { createHandler, fetchAs, type Handler } from './handler.js';
import { createLookup } from './lookup.js';
import { createServices } from './services.js';

export interface ApiServerOptions {
  readonly store: Store;
  /** The key that signs service account tokens. PEM. */
  readonly serviceAccountKey: string;
  readonly staticTokens: ReadonlyMap<string, UserInfo>;
  readonly podLog?: ServerContext['podLog'];
  readonly now?: () => number;
  /** How admission webhooks are reached. Default: over HTTPS. */
  readonly sendReview?: Send;
}

/** The API server without a network below it. */
export interface ApiServer {
  readonly context: ServerContext;
  readonly handler: Handler;
  /** The server as a user with every right sees it. */
  readonly fetch: Fetch;
}

export const ADMIN: UserInfo = { name: 'admin', uid: 'admin', groups: ['system:masters'] };

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { store, staticTokens } = options;
  const now = options.now ?? Date.now;
  const registry = new Registry();
  const tokens = new ServiceAccountTokens(options.serviceAccountKey);
  const lookup = createLookup(store, registry);
  const services = createServices(store);
  const definitions = new Definitions(store, registry, now);
  const afterWrite: ServerContext['afterWrite'] = (resource, before, after) => {
    if (resource.table === DEFINITIONS) {
      if (after !== undefined) definitions.changed(after);
      else if (before !== undefined) definitions.removed(before.name);
    } else if (resource.table === '/services' && before !== undefined && after === undefined) {
      services.release(before.object);
    } else if (resource.custom !== undefined && after === undefined) {
      definitions.instanceRemoved(`${resource.resource}.${resource.group}`);
    }
  };
  const context: ServerContext = {
    store,
    registry,
    rbac: new Rbac(store),
    authenticator: new Authenticator({ store, tokens, staticTokens, now }),
    tokens,
    lookup,
    services,
    admission: new Admission(store, options.sendReview ?? sendHttps),
    now,
    uuid: randomUUID,
    afterWrite,
    podLog: options.podLog ?? (() => ''),
  };
  definitions.load();
  const handler = createHandler(context);
  return { context, handler, fetch: fetchAs(handler, ADMIN) };
}
