import { errorMessage, SluiceError } from '@sluice/core';
import type { OCIRepository } from '@sluice/api';
import { verifyCosign, verifyCosignKeyless, verifyNotation, type SignatureCheck } from '@sluice/sources';
import { textIn, type Secrets } from './secrets.js';

/** `spec.verify` of an OCIRepository; that of a HelmChart is a part of it. */
export type Verification = NonNullable<OCIRepository['spec']['verify']>;

/** What is called upon, as messages name it. */
export function verifierName({ provider, secretRef }: Verification): string {
  return provider === 'cosign' && secretRef === undefined ? 'cosign keyless' : provider;
}

const TRUSTED_ROOT = 'trusted_root.json';
const TRUST_POLICY = 'trustpolicy.json';

/** The check that `spec.verify` asks for, with the keys or the trust root that its Secrets hold. */
export async function signatureCheck(verify: Verification, secrets: Secrets): Promise<SignatureCheck> {
  const { provider, secretRef } = verify;
  if (provider === 'notation') {
    if (secretRef === undefined)
      throw new SluiceError('SourceSettingsInvalid', 'verification secret cannot be empty: name one in secretRef');
    return await notationCheck(secretRef.name, secrets);
  }
  return secretRef === undefined ? await keylessCheck(verify, secrets) : await keyCheck(secretRef.name, secrets);
}

async function keyCheck(name: string, secrets: Secrets): Promise<SignatureCheck> {
  const secret = await secrets.get(name);
  const keys = Object.fromEntries(
    Object.keys(secret.data)
      .filter((key) => key.endsWith('.pub'))
      .map((key) => [key, textIn(secret, key) ?? '']),
  );
  if (Object.keys(keys).length === 0) throw new SluiceError('SourceSettingsInvalid', `no public keys found in secret '${secret.id}'`);
  return async (client, digest, call) => {
    await verifyCosign(client, digest, keys, call);
    return 'trusted';
  };
}

async function keylessCheck({ matchOIDCIdentity = [], trustedRootSecretRef }: Verification, secrets: Secrets): Promise<SignatureCheck> {
  const trustedRoot = trustedRootSecretRef === undefined ? undefined : await trustedRootIn(trustedRootSecretRef.name, secrets);
  return async (client, digest, call) => {
    await verifyCosignKeyless(client, digest, { identities: matchOIDCIdentity, trustedRoot }, call);
    return 'trusted';
  };
}

async function notationCheck(name: string, secrets: Secrets): Promise<SignatureCheck> {
  const secret = await secrets.get(name);
  const trustPolicy = textIn(secret, TRUST_POLICY);
  if (trustPolicy === undefined) throw new SluiceError('SourceSettingsInvalid', `'${TRUST_POLICY}' not found in secret '${secret.id}'`);
  const certificates = Object.entries(secret.data).flatMap(([key, data]) => (/\.(?:crt|pem)$/.test(key) ? [data] : []));
  if (certificates.length === 0) throw new SluiceError('SourceSettingsInvalid', `no certificates found in secret '${secret.id}'`);
  return (client, digest, call) => verifyNotation(client, digest, { trustPolicy, certificates }, call);
}

async function trustedRootIn(name: string, secrets: Secrets): Promise<string> {
  const what = `failed to read trusted root from secret '${secrets.id(name)}'`;
  let text;
  try {
    text = textIn(await secrets.get(name), TRUSTED_ROOT);
  } catch (error) {
    throw new Error(`${what}: ${errorMessage(error)}`, { cause: error });
  }
  if (text === undefined) throw new Error(`${what}: '${TRUSTED_ROOT}' not found in secret '${secrets.id(name)}'`);
  return text;
}
