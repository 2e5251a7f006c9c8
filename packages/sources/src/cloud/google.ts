import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SluiceError, errorMessage, isJsonObject } from '@sluice/core';
import { signedToken } from './assertion.js';
import { googleAccountToken } from './google-account.js';
import { machineToken } from './google-metadata.js';
import { askJson, form, renewed, serviceUrl, tokenOf, type CloudAccess, type Renewed } from './exchange.js';

export const googleScopes = {
  storage: 'https://www.googleapis.com/auth/devstorage.read_only',
  keys: 'https://www.googleapis.com/auth/cloudkms',
  pubSub: 'https://www.googleapis.com/auth/pubsub',
  /** All that the identity may do; clusters want to know its address as well. */
  clusters: 'https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email',
} as const;
const tokenServer = 'https://oauth2.googleapis.com/token';

/** Tokens for a key of a service account, as the console gives it out in JSON. */
export function serviceAccountToken(json: string, access: CloudAccess = {}, scope: string = googleScopes.storage): Renewed<string> {
  const { now = Date.now } = access;
  const account = parseKey(json);
  const url = serviceUrl(account.tokenUri, 'token_uri');
  const what = 'failed to get a token for the service account';
  return renewed(async (signal) => {
    const seconds = Math.floor(now() / 1000);
    const claims = { iss: account.email, scope, aud: account.tokenUri, iat: seconds, exp: seconds + 3600 };
    const assertion = signedToken({ alg: 'RS256', typ: 'JWT', kid: account.keyId }, claims, account.key);
    const fields = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
    return tokenOf(await askJson(what, form(url, fields, signal), access), what, now);
  }, now);
}

/**
 * Tokens of whoever this process is: the key that GOOGLE_APPLICATION_CREDENTIALS names, else the machine or its workload.
 * For a ServiceAccount see {@link googleAccountToken}.
 */
export function googleToken(access: CloudAccess = {}, scope: string = googleScopes.storage): Renewed<string> {
  const { now = Date.now, env = process.env, account } = access;
  if (account !== undefined) return googleAccountToken(account, access, scope);
  const file = env.GOOGLE_APPLICATION_CREDENTIALS;
  if (file !== undefined && file !== '') {
    let token: Renewed<string> | undefined;
    return async (signal) => {
      token ??= serviceAccountToken(await readFile(file, 'utf8'), access, scope);
      return await token(signal);
    };
  }
  return renewed((signal) => machineToken(access, signal), now);
}

function parseKey(json: string) {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // Without the parser's message, which quotes the text, which is secret.
    throw invalid('it is not JSON');
  }
  const fields = isJsonObject(value) ? value : {};
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  if (text('type') !== 'service_account') throw invalid(`its type must be service_account`);
  if (text('client_email') === '' || text('private_key') === '') throw invalid('it lacks client_email or private_key');
  try {
    const key = createPrivateKey(text('private_key'));
    return { email: text('client_email'), keyId: text('private_key_id'), key, tokenUri: text('token_uri') || tokenServer };
  } catch (error) {
    throw invalid(`private_key does not parse: ${errorMessage(error)}`);
  }
}

function invalid(why: string): SluiceError {
  return new SluiceError('SourceSettingsInvalid', `the key of the service account can't be used: ${why}`);
}
