import { createPrivateKey, createPublicKey, sign, verify, createHash, randomUUID, type KeyObject } from 'node:crypto';

export const ISSUER = 'https://kubernetes.default.svc';

/** What a service account token says. */
export interface TokenClaims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly iss: string;
  readonly jti: string;
  readonly nbf: number;
  readonly sub: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: { readonly name: string; readonly uid: string };
    readonly pod?: { readonly name: string; readonly uid: string };
    readonly secret?: { readonly name: string; readonly uid: string };
    readonly node?: { readonly name: string; readonly uid: string };
  };
}

/** Signs and checks the tokens of service accounts (ES256), by the key of the cluster. */
export class ServiceAccountTokens {
  readonly #privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly keyId: string;
  /** Tokens whose signature was good: checking one costs more than most requests. */
  readonly #checked = new Map<string, TokenClaims>();

  constructor(privateKeyPem: string) {
    this.#privateKey = createPrivateKey(privateKeyPem);
    this.publicKey = createPublicKey(this.#privateKey);
    this.keyId = createHash('sha256')
      .update(this.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64url');
  }

  issue(account: { namespace: string; name: string; uid: string }, options: IssueOptions): string {
    const issuedAt = Math.floor(options.now / 1000);
    const { namespace, name, uid } = account;
    const claims: TokenClaims = {
      aud: options.audiences,
      exp: issuedAt + options.expirationSeconds,
      iat: issuedAt,
      iss: ISSUER,
      jti: randomUUID(),
      'kubernetes.io': { namespace, ...options.bound, serviceaccount: { name, uid } },
      nbf: issuedAt,
      sub: `system:serviceaccount:${namespace}:${name}`,
    };
    const payload = `${encode({ alg: 'ES256', kid: this.keyId })}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(payload), { key: this.#privateKey, dsaEncoding: 'ieee-p1363' });
    return `${payload}.${signature.toString('base64url')}`;
  }

  /** The claims of a token that this cluster signed and that is still valid. */
  check(token: string, now: number): TokenClaims | undefined {
    const claims = this.#checked.get(token) ?? this.#verify(token);
    if (claims === undefined || claims.exp * 1000 <= now || claims.iss !== ISSUER) return undefined;
    return claims;
  }

  #verify(token: string): TokenClaims | undefined {
    const [header = '', body = '', signature = '', ...more] = token.split('.');
    if (more.length > 0 || signature === '') return undefined;
    try {
      if ((decode(header) as { alg?: unknown }).alg !== 'ES256') return undefined;
      const key = { key: this.publicKey, dsaEncoding: 'ieee-p1363' } as const;
      if (!verify('sha256', Buffer.from(`${header}.${body}`), key, Buffer.from(signature, 'base64url'))) return undefined;
      const claims = decode(body) as TokenClaims;
      if (this.#checked.size >= 1000) this.#checked.clear();
      this.#checked.set(token, claims);
      return claims;
    } catch {
      return undefined;
    }
  }
}

export interface IssueOptions {
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly now: number;
  /** The object whose life bounds the token's. */
  readonly bound?: Pick<TokenClaims['kubernetes.io'], 'pod' | 'secret' | 'node'>;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(text: string): unknown {
  return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
}
