import { isJsonObject, SluiceError } from '@sluice/core';
import {
  awsCredentials,
  awsKmsKeys,
  azureKeyVaultKeys,
  azureScopes,
  azureToken,
  googleKmsKeys,
  googleScopes,
  googleToken,
  managedIdentityToken,
  serviceAccountToken,
  servicePrincipalToken,
  vaultKeys,
} from '@sluice/sources';
import type { KeySource, MasterKey } from '@sluice/sops';
import { parseYaml } from '@sluice/yaml';
import type { SecretData } from './secret-keys.js';

/**
 * The services that may hold the keys of files. They are asked with the credentials of a Secret (`sops.vault-token`,
 * `sops.aws-kms`, `sops.azure-kv`, `sops.gcp-kms`), or else as whoever the engine itself is in its cloud.
 */
export function serviceKeys(data: SecretData, where: string, serviceAccount: string | undefined): KeySource[] {
  const given = <T>(name: string, use: (text: string, origin: string) => T): T | undefined => {
    const text = data.get(name);
    return text === undefined ? undefined : use(text.trim(), `entry ${name} of ${where}`);
  };
  const services: readonly (readonly [type: MasterKey['type'], own: KeySource | undefined, ambient: () => KeySource | undefined])[] = [
    ['hc_vault', given('sops.vault-token', (token, origin) => vaultKeys(() => Promise.resolve(token), origin)), () => undefined],
    [
      'kms',
      given('sops.aws-kms', awsKeys),
      () => awsKmsKeys({ credentials: (region) => awsCredentials(region), origin: "the engine's AWS identity" }),
    ],
    [
      'azure_kv',
      given('sops.azure-kv', azureKeys),
      () => azureKeyVaultKeys(azureToken(azureScopes.keyVault), "the engine's Azure identity"),
    ],
    ['gcp_kms', given('sops.gcp-kms', googleKeys), () => googleKmsKeys(googleToken({}, googleScopes.keys), "the engine's Google identity")],
  ];
  return services.flatMap(([type, own, ambient]) => {
    const source = own ?? (serviceAccount === undefined ? ambient() : noIdentity(type, serviceAccount));
    return source === undefined ? [] : [source];
  });
}

function awsKeys(text: string, origin: string): KeySource {
  const fields = fieldsOf(text, origin);
  const [accessKey, secretKey, sessionToken] = ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token'].map(fields);
  if (accessKey === undefined || secretKey === undefined) throw invalid(origin, 'it needs aws_access_key_id and aws_secret_access_key');
  return awsKmsKeys({ credentials: () => () => Promise.resolve({ accessKey, secretKey, sessionToken }), origin });
}

function azureKeys(text: string, origin: string): KeySource {
  const fields = fieldsOf(text, origin);
  const clientId = fields('clientId') ?? fields('appId');
  const tenantId = fields('tenantId') ?? fields('tenant');
  const clientSecret = fields('clientSecret') ?? fields('password');
  const clientCertificate = fields('clientCertificate');
  const clientCertificatePassword = fields('clientCertificatePassword');
  const authorityHost = fields('authorityHost');
  if (clientId === undefined) throw invalid(origin, 'it needs clientId, with tenantId and clientSecret or clientCertificate');
  if (tenantId === undefined || (clientSecret === undefined && clientCertificate === undefined)) {
    return azureKeyVaultKeys(managedIdentityToken(clientId, azureScopes.keyVault), origin);
  }
  const principal = {
    tenantId,
    clientId,
    ...(clientSecret !== undefined && { clientSecret }),
    ...(clientCertificate !== undefined && { clientCertificate }),
    ...(clientCertificatePassword !== undefined && { clientCertificatePassword }),
    ...(fields('clientCertificateSendChain') === 'true' && { sendCertificateChain: true }),
    ...(authorityHost !== undefined && { authorityHost }),
  };
  return azureKeyVaultKeys(servicePrincipalToken(principal, azureScopes.keyVault), origin);
}

function googleKeys(text: string, origin: string): KeySource {
  return googleKmsKeys(serviceAccountToken(text, {}, googleScopes.keys), origin);
}

/** Reads the fields of a text of YAML. */
function fieldsOf(text: string, origin: string): (name: string) => string | undefined {
  const content = parsed(text);
  if (!isJsonObject(content)) throw invalid(origin, 'it is no YAML mapping');
  return (name) => {
    const value = Object.hasOwn(content, name) ? content[name] : undefined;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
}

function parsed(text: string): unknown {
  try {
    return parseYaml(text, { confidential: true });
  } catch {
    return undefined;
  }
}

function noIdentity(type: MasterKey['type'], serviceAccount: string): KeySource {
  return {
    origin: `ServiceAccount ${serviceAccount}`,
    kind: type,
    open(key) {
      if (key.type !== type) return Promise.resolve(undefined);
      const why = `the identity of ServiceAccount ${serviceAccount} can't be used for it: put credentials into the Secret of spec.decryption.secretRef`;
      return Promise.reject(new SluiceError('SopsKeyInvalid', why));
    },
  };
}

function invalid(origin: string, why: string): SluiceError {
  return new SluiceError('SopsKeyInvalid', `${origin}: ${why}`);
}
