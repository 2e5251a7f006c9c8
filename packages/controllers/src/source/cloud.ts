import { createHash } from 'node:crypto';
import type { KubeObject } from '@sluice/core';
import type { MetricsRegistry } from '@sluice/runtime';
import {
  awsCredentials,
  azureToken,
  cloudGitLogin,
  cloudRegistryLogin,
  createGitHubTokens,
  googleToken,
  serviceAccountToken,
  type CloudAccess,
  type CloudAccount,
  type CloudGitLogin,
  type CloudProvider,
  type GitHubTokens,
  type RegistryLogin,
  type Renewed,
  type S3Credentials,
} from '@sluice/sources';

/** Who this process is in the clouds: asked for when something needs it, and shared by all that need the same. */
export interface CloudIdentities {
  registryLogin(provider: CloudProvider, access: CloudAccess): RegistryLogin;
  gitLogin(provider: 'aws' | 'azure', access: CloudAccess): CloudGitLogin;
  awsKeys(region: string, access: CloudAccess, stsEndpoint?: string): Renewed<S3Credentials>;
  azure(scope: string, access: CloudAccess): Renewed<string>;
  google(scope: string, access: CloudAccess): Renewed<string>;
  /** By the key of a service account, in JSON. */
  googleAccount(key: string, scope: string, access: CloudAccess): Renewed<string>;
  readonly gitHub: GitHubTokens;
  /** Access as a ServiceAccount of the object's namespace; absent where these have no identity of their own. */
  readonly asAccount?: (name: string) => Promise<CloudAccess>;
}

/** Finds a ServiceAccount, as clouds know it. */
export type FindAccount = (account: { readonly namespace: string; readonly name: string }) => Promise<CloudAccount>;

/** What the identities are shared by: each object sees them for itself, so that it is counted who asks. */
export interface CloudIdentityPool {
  of(object: KubeObject, operation?: 'reconcile' | 'post'): CloudIdentities;
}

/** How many are kept. The address of a proxy is part of one; those that nobody needs any more go first. */
const MAX_KEPT = 500;

type Call<A extends readonly unknown[], T> = (...args: A) => Promise<T> | T;

interface Kept<T> {
  readonly identity: T;
  /** How often a service was asked for it. */
  asked: number;
}

/** Counted as Flux counts its cache of tokens: what needs no answer of a service is a hit. */
export function createCloudIdentities(
  metrics: MetricsRegistry,
  now: () => number = Date.now,
  findAccount?: FindAccount,
): CloudIdentityPool {
  const counts = createCounts(metrics);
  const kept = new Map<string, Kept<unknown>>();
  metrics.onScrape(() => counts.items.set({}, kept.size));

  function once<T>(parts: readonly unknown[], make: (onAsk: () => void) => T): Kept<T> {
    // What is in there may be secret.
    const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    let entry = kept.get(key) as Kept<T> | undefined;
    if (entry === undefined) {
      const made: { identity?: T; asked: number } = { asked: 0 };
      made.identity = make(() => (made.asked += 1));
      entry = made as Kept<T>;
    }
    kept.delete(key);
    kept.set(key, entry);
    for (const [oldest] of kept) {
      if (kept.size <= MAX_KEPT) break;
      kept.delete(oldest);
      counts.evictions.increment();
    }
    return entry;
  }

  return {
    of({ kind, metadata: { name = '', namespace = '' } }, operation = 'reconcile') {
      function counted<A extends readonly unknown[], T>(entry: Kept<unknown>, call: Call<A, T>): (...args: A) => Promise<T> {
        return async (...args) => {
          const before = entry.asked;
          let status = 'failure';
          try {
            const value = await call(...args);
            status = 'success';
            return value;
          } finally {
            counts.requests.increment({ status });
            counts.events.increment({ event_type: entry.asked === before ? 'cache_hit' : 'cache_miss', kind, name, namespace, operation });
          }
        };
      }
      function shared<A extends readonly unknown[], T>(
        parts: readonly unknown[],
        access: CloudAccess,
        make: (access: CloudAccess) => Call<A, T>,
      ): (...args: A) => Promise<T> {
        const entry = once([...parts, access], (onAsk) => make({ ...access, onAsk }));
        return counted(entry, entry.identity);
      }
      const gitHub = once(['github'], (onAsk) => createGitHubTokens(now, onAsk));
      return {
        registryLogin: (provider, access) => shared(['registry', provider], access, (own) => cloudRegistryLogin(provider, own)),
        gitLogin: (provider, access) => shared(['git', provider], access, (own) => cloudGitLogin(provider, own)),
        awsKeys: (region, access, endpoint) => shared(['aws', region, endpoint], access, (own) => awsCredentials(region, own, endpoint)),
        azure: (scope, access) => shared(['azure', scope], access, (own) => azureToken(scope, own)),
        google: (scope, access) => shared(['google', scope], access, (own) => googleToken(own, scope)),
        googleAccount: (key, scope, access) => shared(['google', key, scope], access, (own) => serviceAccountToken(key, own, scope)),
        gitHub: {
          credentials: counted(gitHub, (...args: Parameters<GitHubTokens['credentials']>) => gitHub.identity.credentials(...args)),
          slug: (...args) => gitHub.identity.slug(...args),
        },
        ...(findAccount === undefined
          ? {}
          : { asAccount: async (account: string) => ({ account: await findAccount({ namespace, name: account }) }) }),
      };
    },
  };
}

function createCounts(metrics: MetricsRegistry) {
  return {
    events: metrics.counter(
      'gotk_token_cache_events_total',
      'Total number of cache retrieval events for a Gitops Toolkit resource reconciliation.',
      ['event_type', 'kind', 'name', 'namespace', 'operation'],
    ),
    requests: metrics.counter('gotk_token_cache_requests_total', 'Total number of cache requests partioned by success or failure.', [
      'status',
    ]),
    evictions: metrics.counter('gotk_token_cache_evictions_total', 'Total number of cache evictions.'),
    items: metrics.gauge('gotk_token_cached_items', 'Total number of items in the cache.'),
  };
}
