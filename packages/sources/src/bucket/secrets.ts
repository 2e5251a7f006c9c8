import { SluiceError } from '@sluice/core';
import { azureScopes, managedIdentityToken, servicePrincipalToken } from '../cloud/azure.js';
import type { CloudAccess, Renewed } from '../cloud/exchange.js';
import { serviceAccountToken } from '../cloud/google.js';
import type { AzureBlobCredentials } from './azure.js';

type SecretData = Readonly<Record<string, Uint8Array>>;

/** The credentials of Azure in a Secret, by Flux's keys. `name` is the Secret's, for messages. */
export function azureCredentialsFromSecret(name: string, data: SecretData, access: CloudAccess = {}): AzureBlobCredentials | undefined {
  const text = reader(data);
  const [tenantId, clientId, clientSecret, clientCertificate] = ['tenantId', 'clientId', 'clientSecret', 'clientCertificate'].map(text);
  const has = (...keys: string[]): boolean => keys.every((key) => Object.hasOwn(data, key));
  const isKnown = has('clientId') || has('accountKey') || has('sasKey') || has('authorityHost');
  if (!isKnown) {
    throw new SluiceError(
      'SourceSettingsInvalid',
      `invalid '${name}' secret data: requires a 'clientId' or 'accountKey' field, a combination of 'tenantId', 'clientId' and 'clientSecret', or 'tenantId', 'clientId' and 'clientCertificate'`,
    );
  }
  if (tenantId !== undefined && clientId !== undefined && (clientSecret ?? clientCertificate) !== undefined) {
    const authorityHost = text('authorityHost');
    const clientCertificatePassword = text('clientCertificatePassword');
    const principal = {
      tenantId,
      clientId,
      ...(authorityHost !== undefined && { authorityHost }),
      ...(clientSecret === undefined ? { clientCertificate: clientCertificate ?? '' } : { clientSecret }),
      ...(clientCertificatePassword !== undefined && { clientCertificatePassword }),
      sendCertificateChain: ['1', 'true'].includes(text('clientCertificateSendChain')?.toLowerCase() ?? ''),
    };
    return { token: servicePrincipalToken(principal, azureScopes.storage, access) };
  }
  if (clientId !== undefined) return { token: managedIdentityToken(clientId, azureScopes.storage, access) };
  const [accountKey, sasToken] = ['accountKey', 'sasKey'].map(text);
  if (accountKey !== undefined) return { accountKey };
  return sasToken === undefined ? undefined : { sasToken };
}

/** The key of a service account in a Secret. */
export function googleTokenFromSecret(name: string, data: SecretData, access: CloudAccess = {}): Renewed<string> {
  const key = reader(data)('serviceaccount');
  if (key === undefined) throw new SluiceError('SourceSettingsInvalid', `invalid '${name}' secret data: required fields 'serviceaccount'`);
  return serviceAccountToken(key, access);
}

/** What a key has; undefined when there is nothing. */
function reader(data: SecretData): (key: string) => string | undefined {
  return (key) => {
    const text = Object.hasOwn(data, key) ? Buffer.from(data[key] ?? []).toString('utf8') : '';
    return text === '' ? undefined : text;
  };
}
