import { compileExpression } from '@sluice/cel';
import { errorMessage, isJsonObject, SluiceError } from '@sluice/core';
import { decodeJwt, verifyJwt, type FetchJson, type JwtClaims } from './jwt.js';
import type { OidcProvider } from './webhook.js';

/** Checks the bearer tokens that webhooks come with. */
export interface TokenVerifier {
  /** The claims of a token of an OpenID issuer. */
  oidc(token: string, issuer: string, audience: string): Promise<JwtClaims>;
  /** The claims of a token of Google's, as Pub/Sub pushes have it. */
  google(token: string, audience: string): Promise<JwtClaims>;
}

const GOOGLE_KEYS = 'https://www.googleapis.com/oauth2/v3/certs';

/** @param fetchJson reads what issuers publish; whoever gives it may keep answers for a while */
export function createTokenVerifier(fetchJson: FetchJson, now: () => Date): TokenVerifier {
  return {
    async oidc(token, issuer, audience) {
      const discovery = await fetchJson(`${issuer.replace(/\/$/u, '')}/.well-known/openid-configuration`);
      const { issuer: said, jwks_uri: keysUrl } = isJsonObject(discovery) ? discovery : {};
      if (said !== issuer)
        throw refused(`issuer did not match the issuer returned by provider, expected "${issuer}" got "${String(said)}"`);
      if (typeof keysUrl !== 'string') throw refused(`the issuer "${issuer}" publishes no keys`);
      return await verifyJwt(token, { keysUrl, audience, fetchJson, now: now() });
    },
    google: (token, audience) => verifyJwt(token, { keysUrl: GOOGLE_KEYS, audience, fetchJson, now: now() }),
  };
}

/** The text behind `Bearer `. */
export function bearerOf(authorization: string): string {
  if (!authorization.startsWith('Bearer ')) throw refused('the Authorization header is missing or malformed');
  const token = authorization.slice('Bearer '.length).trim();
  if (token === '') throw refused('the Authorization header is missing a bearer token');
  return token;
}

const DEFAULT_AUDIENCE = 'notification-controller';

/** The claims of a token that one of a Receiver's issuers gave, and that passes its validations. */
export async function checkOidc(providers: readonly OidcProvider[], authorization: string, verifier: TokenVerifier): Promise<JwtClaims> {
  if (providers.length === 0) throw refused('generic-oidc receiver has no oidcProviders configured');
  const token = bearerOf(authorization);
  const issuer = issuerOf(token);
  const provider = providers.find(({ issuerURL }) => issuerURL === issuer);
  if (provider === undefined) throw refused(`no oidcProvider configured for issuer ${JSON.stringify(issuer)}`);
  const claims = await verifier
    .oidc(token, issuer, provider.audience ?? DEFAULT_AUDIENCE)
    .catch((error: unknown) => Promise.reject(refused(`failed to verify OIDC token: ${errorMessage(error)}`)));
  validate(provider, claims);
  return claims;
}

function issuerOf(token: string): string {
  let issuer: unknown;
  try {
    issuer = decodeJwt(token).claims['iss'];
  } catch (error) {
    throw refused(`failed to parse bearer token: ${errorMessage(error)}`);
  }
  if (typeof issuer !== 'string' || issuer === '') throw refused(`failed to parse bearer token: token is missing the 'iss' claim`);
  return issuer;
}

function validate({ issuerURL, variables = [], validations }: OidcProvider, claims: JwtClaims): void {
  const vars: Record<string, unknown> = {};
  for (const { name, expression } of variables) {
    try {
      vars[name] = compileExpression(expression, { variables: ['claims', 'vars'] }).evaluate({ claims, vars });
    } catch (error) {
      throw refused(`failed to evaluate variable ${JSON.stringify(name)} of issuer ${issuerURL}: ${errorMessage(error)}`);
    }
  }
  const failures = validations.filter(({ expression }) => {
    try {
      return !compileExpression(expression, { variables: ['claims', 'vars'], result: 'bool' }).evaluate({ claims, vars });
    } catch (error) {
      throw refused(`failed to evaluate validation: ${errorMessage(error)}`);
    }
  });
  if (failures.length > 0) throw refused(`token validation failed: ${failures.map(({ message }) => message).join('; ')}`);
}

/** Pub/Sub pushes say who sent them by a token of Google's for the account and the audience in the Secret. */
export async function checkGoogle(
  authorization: string,
  expected: { readonly email: string; readonly audience: string },
  verifier: TokenVerifier,
): Promise<void> {
  const claims = await verifier.google(bearerOf(authorization), expected.audience);
  const { iss: issuer, email, email_verified: isVerified } = claims;
  if (issuer !== 'accounts.google.com' && issuer !== 'https://accounts.google.com') {
    throw refused(`token issuer is '${String(issuer)}', want 'accounts.google.com' or 'https://accounts.google.com'`);
  }
  if (email !== expected.email) throw refused(`token email is '${String(email)}', want '${expected.email}'`);
  if (isVerified !== true) throw refused(`token email '${expected.email}' is not verified`);
}

const refused = (message: string): SluiceError => new SluiceError('WebhookRefused', message);
