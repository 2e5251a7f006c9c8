import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { checkGoogle, checkOidc, createTokenVerifier } from './tokens.js';
import type { OidcProvider } from './webhook.js';

const ISSUER = 'https://issuer.example';
const NOW = new Date('2026-01-01T00:00:00Z');
const seconds = NOW.getTime() / 1000;
const keys = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
};
type Algorithm = keyof typeof keys;

const jwks = { keys: Object.entries(keys).map(([kid, { publicKey }]) => ({ kid, ...publicKey.export({ format: 'jwk' }) })) };
const pages: Readonly<Record<string, unknown>> = {
  [`${ISSUER}/.well-known/openid-configuration`]: { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` },
  [`${ISSUER}/keys`]: jwks,
  'https://www.googleapis.com/oauth2/v3/certs': jwks,
};
const verifier = createTokenVerifier(
  (url) => Promise.resolve(pages[url]),
  () => NOW,
);
const provider: OidcProvider = {
  issuerURL: ISSUER,
  variables: [{ name: 'repository', expression: 'claims.repository' }],
  validations: [{ expression: "vars.repository == 'org/app'", message: 'the repository is not ours' }],
};
const claims = { iss: ISSUER, aud: 'notification-controller', exp: seconds + 60, repository: 'org/app' };

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(payload: object, algorithm: Algorithm, key: KeyObject = keys[algorithm].privateKey, header: object = {}): string {
  const signed = `${encode({ alg: algorithm, kid: algorithm, ...header })}.${encode(payload)}`;
  const signature = sign(algorithm === 'EdDSA' ? null : 'sha256', Buffer.from(signed), {
    key,
    ...(algorithm === 'ES256' ? { dsaEncoding: 'ieee-p1363' as const } : {}),
  });
  return `${signed}.${signature.toString('base64url')}`;
}

for (const algorithm of ['RS256', 'ES256', 'EdDSA'] as const) {
  void test(`a token signed with ${algorithm} is let in`, async () => {
    assert.deepEqual(await checkOidc([provider], `Bearer ${token(claims, algorithm)}`, verifier), claims);
  });
}

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const refusals: readonly (readonly [string, string, RegExp])[] = [
  ['the key of a stranger', token(claims, 'RS256', stranger), /no key of the issuer signed/u],
  ['another audience', token({ ...claims, aud: 'other' }, 'RS256'), /expected audience/u],
  ['a token that is over', token({ ...claims, exp: seconds - 120 }, 'RS256'), /expired/u],
  ['a token without an end', token({ ...claims, exp: undefined }, 'RS256'), /expired/u],
  ['a token of tomorrow', token({ ...claims, nbf: seconds + 86_400 }, 'RS256'), /not valid yet/u],
  ['a token without a signature', token(claims, 'RS256', undefined, { alg: 'none' }), /signed with "none"/u],
  ['a public key as the secret of an HMAC', token(claims, 'RS256', undefined, { alg: 'HS256' }), /signed with "HS256"/u],
  ['another kind of key than the header says', token(claims, 'RS256', undefined, { alg: 'ES256', kid: 'ES256' }), /no key of the issuer/u],
  ['another repository', token({ ...claims, repository: 'org/other' }, 'RS256'), /the repository is not ours/u],
  ['a claim that is not there', token({ ...claims, repository: undefined }, 'RS256'), /failed to evaluate variable "repository"/u],
];
for (const [name, text, wanted] of refusals) {
  void test(`${name} is refused`, async () => {
    await assert.rejects(checkOidc([provider], `Bearer ${text}`, verifier), wanted);
  });
}

void test('an issuer that says it is another one is refused', async () => {
  const impostor = createTokenVerifier(
    () => Promise.resolve({ issuer: 'https://other.example', jwks_uri: `${ISSUER}/keys` }),
    () => NOW,
  );
  await assert.rejects(checkOidc([provider], `Bearer ${token(claims, 'RS256')}`, impostor), /issuer did not match/u);
});

void test("a push of Google's is for one account, whose address is verified", async () => {
  const expected = { email: 'sa@p.example', audience: 'https://flux.example/hook' };
  const push = { iss: 'accounts.google.com', aud: expected.audience, exp: seconds + 60, email: expected.email, email_verified: true };
  const check = (payload: object): Promise<void> => checkGoogle(`Bearer ${token(payload, 'RS256')}`, expected, verifier);
  await check(push);
  await assert.rejects(check({ ...push, email: 'other@p.example' }), /token email is 'other@p.example'/u);
  await assert.rejects(check({ ...push, email_verified: false }), /is not verified/u);
  await assert.rejects(check({ ...push, iss: ISSUER }), /token issuer is/u);
});
