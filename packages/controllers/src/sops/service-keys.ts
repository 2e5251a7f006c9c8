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
  type CloudAccess,
  type ClusterIdentity,
} from '@sluice/sources';
import type { KeySource, MasterKey } from '@sluice/sops';
import { parseYaml } from '@sluice/yaml';
import type { SecretData } from './secret-keys.js';

/** Whom to be at the services of clouds. */
export interface ServiceIdentity extends ClusterIdentity {
  /** The engine, or a ServiceAccount; absent where that may have no identity of its own. */
  readonly access?: CloudAccess;
  readonly serviceAccount?: string | undefined;
}

/** The engine itself. */
export const ENGINE: ServiceIdentity = {
  access: {},
  awsKeys: (region, access) => awsCredentials(region, access),
  azure: (scope, access) => azureToken(scope, access),
  google: (scope, access) => googleToken(access, scope),
};

/**
 * The services that may hold the keys of files. They are asked with the credentials of a Secret (`sops.vault-token`,
 * `sops.aws-kms`, `sops.azure-kv`, `sops.gcp-kms`), or else as whoever the identity is in its cloud.
 */
export function serviceKeys(data: SecretData, where: string, identity: ServiceIdentity = ENGINE): KeySource[] {
  const { access, serviceAccount } = identity;
  const who = serviceAccount === undefined ? "the engine's" : `the ServiceAccount ${serviceAccount}'s`;
  const given = <T>(name: string, use: (text: string, origin: string) => T): T | undefined => {
    const text = data.get(name);
    return text === undefined ? undefined : use(text.trim(), `entry ${name} of ${where}`);
  };
  const services: readonly (readonly [
    type: MasterKey['type'],
    own: KeySource | undefined,
    ambient: (access: CloudAccess) => KeySource | undefined,
  ])[] = [
    ['hc_vault', given('sops.vault-token', (token, origin) => vaultKeys(() => Promise.resolve(token), origin)), () => undefined],
    [
      'kms',
      given('sops.aws-kms', awsKeys),
      (as) => awsKmsKeys({ credentials: (region) => identity.awsKeys(region, as), origin: `${who} AWS identity` }),
    ],
    [
      'azure_kv',
      given('sops.azure-kv', azureKeys),
      (as) => azureKeyVaultKeys((signal) => identity.azure(azureScopes.keyVault, as)(signal), `${who} Azure identity`),
    ],
    [
      'gcp_kms',
      given('sops.gcp-kms', googleKeys),
      (as) => googleKmsKeys((signal) => identity.google(googleScopes.keys, as)(signal), `${who} Google identity`),
    ],
  ];
  return services.flatMap(([type, own, ambient]) => {
    const known = own ?? (access === undefined ? undefined : ambient(access));
    const source = known ?? (serviceAccount === undefined ? undefined : noIdentity(type, serviceAccount));
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
      const gate = type === 'hc_vault' ? '' : 'enable the feature gate ObjectLevelWorkloadIdentity, or ';
      const why = `the identity of ServiceAccount ${serviceAccount} can't be used for it: ${gate}put credentials into the Secret of spec.decryption.secretRef`;
      return Promise.reject(new SluiceError('SopsKeyInvalid', why));
    },
  };
}

function invalid(origin: string, why: string): SluiceError {
  return new SluiceError('SopsKeyInvalid', `${origin}: ${why}`);
}
