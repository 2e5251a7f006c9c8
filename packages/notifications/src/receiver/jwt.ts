import { createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { isJsonObject, SluiceError } from '@sluice/core';

/** What a token says. */
export type JwtClaims = Readonly<Record<string, unknown>>;

/** Reads JSON from an address of an issuer. */
export type FetchJson = (url: string) => Promise<unknown>;

/** How signatures of JWTs are made, by the name that their header has. */
const signatures: Readonly<Record<string, { readonly hash: string | null; readonly kind: string; readonly pss?: boolean }>> = {
  RS256: { hash: 'sha256', kind: 'rsa' },
  RS384: { hash: 'sha384', kind: 'rsa' },
  RS512: { hash: 'sha512', kind: 'rsa' },
  PS256: { hash: 'sha256', kind: 'rsa', pss: true },
  PS384: { hash: 'sha384', kind: 'rsa', pss: true },
  PS512: { hash: 'sha512', kind: 'rsa', pss: true },
  ES256: { hash: 'sha256', kind: 'ec' },
  ES384: { hash: 'sha384', kind: 'ec' },
  ES512: { hash: 'sha512', kind: 'ec' },
  EdDSA: { hash: null, kind: 'ed25519' },
};

const LEEWAY_SECONDS = 60;
const RSA_PKCS1_PSS_PADDING = 6;

/** Takes a token apart without believing it. */
export function decodeJwt(token: string): { readonly header: JwtClaims; readonly claims: JwtClaims } {
  const parts = token.split('.');
  if (parts.length !== 3) throw refused('token is not a JWT');
  return { header: part(parts[0], 'header'), claims: part(parts[1], 'payload') };
}

function part(text: string | undefined, what: string): JwtClaims {
  try {
    const value: unknown = JSON.parse(Buffer.from(text ?? '', 'base64url').toString('utf8'));
    if (isJsonObject(value)) return value;
  } catch {
    // Told below, as any other wrong part.
  }
  throw refused(`failed to decode token ${what}`);
}

/**
 * The claims of a token, when one of the issuer's keys signed it, it is for the audience, and it is its time.
 *
 * @throws {SluiceError} `WebhookRefused`
 */
export async function verifyJwt(
  token: string,
  options: { readonly keysUrl: string; readonly audience: string; readonly fetchJson: FetchJson; readonly now: Date },
): Promise<JwtClaims> {
  const { header, claims } = decodeJwt(token);
  const { alg, kid } = header;
  const signature = typeof alg === 'string' && Object.hasOwn(signatures, alg) ? signatures[alg] : undefined;
  if (signature === undefined) throw refused(`tokens signed with ${JSON.stringify(alg)} are not accepted`);
  const keys = await options.fetchJson(options.keysUrl);
  const list = isJsonObject(keys) && Array.isArray(keys['keys']) ? keys['keys'] : [];
  const signed = Buffer.from(token.slice(0, token.lastIndexOf('.')));
  const bytes = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');
  const isSigned = list.some((jwk: unknown) => {
    if (!isJsonObject(jwk) || (kid !== undefined && jwk['kid'] !== undefined && jwk['kid'] !== kid)) return false;
    const key = publicKey(jwk);
    if (key?.asymmetricKeyType !== signature.kind) return false;
    return verify(
      signature.hash,
      signed,
      {
        key,
        ...(signature.kind === 'ec' ? { dsaEncoding: 'ieee-p1363' as const } : {}),
        ...(signature.pss === true ? { padding: RSA_PKCS1_PSS_PADDING } : {}),
      },
      bytes,
    );
  });
  if (!isSigned) throw refused('failed to verify signature: no key of the issuer signed the token');
  checkClaims(claims, options.audience, options.now.getTime() / 1000);
  return claims;
}

function checkClaims(claims: JwtClaims, audience: string, now: number): void {
  const { aud, exp, nbf } = claims;
  const audiences = Array.isArray(aud) ? (aud as unknown[]) : [aud];
  if (!audiences.includes(audience)) throw refused(`expected audience ${JSON.stringify(audience)} got ${JSON.stringify(aud)}`);
  if (typeof exp !== 'number' || exp + LEEWAY_SECONDS < now) throw refused('token is expired');
  if (typeof nbf === 'number' && nbf - LEEWAY_SECONDS > now) throw refused('token is not valid yet');
}

function publicKey(jwk: Record<string, unknown>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}

const refused = (message: string): SluiceError => new SluiceError('WebhookRefused', message);
