import { headerOf, type HttpHeaders } from '@sluice/kube';
import { unauthorized } from '../server/status.js';
import type { Store } from '../store/store.js';
import { ISSUER, type ServiceAccountTokens, type TokenClaims } from './service-account-tokens.js';
import { anonymous, authenticated, serviceAccountGroups, type ConnectionUser, type UserInfo } from './user.js';

export interface AuthenticatorOptions {
  readonly store: Store;
  readonly tokens: ServiceAccountTokens;
  /** Bearer tokens that are known from the start, and whose they are. */
  readonly staticTokens: ReadonlyMap<string, UserInfo>;
  readonly now: () => number;
}

/** Finds out who makes a request: by bearer token, by what the connection proved, or nobody in particular. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** Throws a 401 for a token or a certificate that is not valid; without credentials a request is anonymous. */
  authenticate(headers: HttpHeaders, connectionUser: ConnectionUser | undefined): UserInfo {
    if (typeof connectionUser === 'object') return authenticated(connectionUser);
    const [scheme = '', token = ''] = (headerOf(headers, 'authorization') ?? '').trim().split(/\s+/);
    if (scheme.toLowerCase() !== 'bearer' || token === '') {
      if (connectionUser === 'untrusted') throw unauthorized();
      return anonymous;
    }
    const user = this.userOfToken(token, [ISSUER]);
    if (user === undefined) throw unauthorized();
    return authenticated(user);
  }

  /** Whose token it is, when it is valid for one of the audiences. */
  userOfToken(token: string, audiences: readonly string[]): UserInfo | undefined {
    const known = this.#options.staticTokens.get(token);
    if (known !== undefined) return known;
    const claims = this.#options.tokens.check(token, this.#options.now());
    if (claims === undefined || !claims.aud.some((audience) => audiences.includes(audience))) return undefined;
    return this.#stillThere(claims) ? userOfClaims(claims) : undefined;
  }

  /** A token ends with its account, and with the object it is bound to. */
  #stillThere({ 'kubernetes.io': { namespace, serviceaccount, pod, secret } }: TokenClaims): boolean {
    return (
      this.#has('/serviceaccounts', namespace, serviceaccount) &&
      (pod === undefined || this.#has('/pods', namespace, pod)) &&
      (secret === undefined || this.#has('/secrets', namespace, secret))
    );
  }

  #has(table: string, namespace: string, { name, uid }: { name: string; uid: string }): boolean {
    const object = this.#options.store.table(table).objects.get(`${namespace}/${name}`)?.object;
    return object?.metadata.uid === uid;
  }
}

function userOfClaims({ sub, jti, 'kubernetes.io': { namespace, serviceaccount, pod } }: TokenClaims): UserInfo {
  return {
    name: sub,
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(namespace),
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${jti}`],
      ...(pod === undefined
        ? {}
        : { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }),
    },
  };
}
