import type { Bucket } from '@sluice/api';
import {
  azureScopes,
  googleScopes,
  azureCredentialsFromSecret,
  createAzureBucket,
  createGcsBucket,
  createS3Bucket,
  googleTokenFromSecret,
  ldapCredentials,
  type BucketProvider,
  type HttpAccess,
  type Renewed,
  type S3Credentials,
} from '@sluice/sources';
import { authenticating, authenticationFailed, cloudAccess } from '../source/authentication.js';
import type { CloudIdentities } from '../source/cloud.js';
import { SourceFailure } from '../source/failure.js';
import { textIn, type Secret, type Secrets } from '../source/secrets.js';

/** What the Secrets of a Bucket hold. */
interface Material {
  readonly secret: Secret | undefined;
  readonly access: HttpAccess;
  readonly sts: { readonly secret: Secret | undefined; readonly access: HttpAccess };
}

/** Opens the object storage that a Bucket names, with the credentials of its Secrets, or those of this process. */
export async function bucketProvider(
  { spec }: Bucket,
  secrets: Secrets,
  identities: CloudIdentities,
  signal: AbortSignal,
): Promise<BucketProvider> {
  const { provider = 'generic', bucketName: bucket, endpoint, region, insecure } = spec;
  const as = provider === 'generic' ? {} : await cloudAccess(spec.serviceAccountName, identities, '', signal);
  const given = await read(spec, secrets, signal);
  const material: Material = { ...given, access: { ...given.access, ...as } };
  const { secret, access } = material;
  return await authenticating('', signal, () => {
    if (provider === 'gcp') {
      const token =
        secret === undefined ? identities.google(googleScopes.storage, access) : googleTokenFromSecret(secret.name, secret.data, access);
      return createGcsBucket({ ...access, bucket, token });
    }
    if (provider === 'azure') {
      const credentials =
        secret === undefined
          ? { token: identities.azure(azureScopes.storage, access) }
          : azureCredentialsFromSecret(secret.name, secret.data, access);
      return createAzureBucket({ ...access, endpoint, container: bucket, credentials });
    }
    const credentials = s3Credentials(spec, material, identities);
    return createS3Bucket({ ...access, bucket, endpoint, region, insecure, credentials });
  });
}

async function read(spec: Bucket['spec'], secrets: Secrets, signal: AbortSignal): Promise<Material> {
  const given = <T>(name: string | undefined, what: string, get: (name: string) => Promise<T>): Promise<T | undefined> =>
    name === undefined ? Promise.resolve(undefined) : authenticating(what, signal, () => get(name));
  const { secretRef, sts, proxySecretRef, certSecretRef } = spec;
  const secret = await given(secretRef?.name, `failed to get secret '${secrets.id(secretRef?.name ?? '')}'`, secrets.get);
  const stsName = sts?.secretRef?.name;
  const stsSecret = await given(stsName, `failed to get STS secret '${secrets.id(stsName ?? '')}'`, secrets.get);
  const proxy = await given(proxySecretRef?.name, 'failed to get proxy URL', secrets.proxy);
  const tls = await given(certSecretRef?.name, 'failed to get TLS config', secrets.tls);
  const stsTls = await given(sts?.certSecretRef?.name, 'failed to get STS TLS config', secrets.tls);
  const through = proxy === undefined ? {} : { proxy };
  return { secret, access: { ...tls, ...through }, sts: { secret: stsSecret, access: { ...stsTls, ...through } } };
}

const DEFAULT_REGION = 'us-east-1';

function s3Credentials(
  { provider, region, sts }: Bucket['spec'],
  { secret, access, sts: temporary }: Material,
  identities: CloudIdentities,
): S3Credentials | Renewed<S3Credentials> | undefined {
  if (sts !== undefined && !URL.canParse(sts.endpoint)) {
    const message = `failed to parse STS endpoint '${sts.endpoint}': it is no URL`;
    throw new SourceFailure('FetchFailed', 'URLInvalid', message, { terminal: true });
  }
  if (secret !== undefined) return staticKeys(secret);
  if (provider === 'aws') return identities.awsKeys(region ?? DEFAULT_REGION, access, sts?.endpoint);
  return sts?.provider === 'ldap' ? ldapKeys(sts.endpoint, temporary) : undefined;
}

function staticKeys(secret: Secret): S3Credentials | undefined {
  const [accessKey, secretKey] = [textIn(secret, 'accesskey'), textIn(secret, 'secretkey')];
  if (accessKey === undefined || secretKey === undefined) {
    throw authenticationFailed(`invalid '${secret.name}' secret data: required fields 'accesskey' and 'secretkey'`);
  }
  // Empty keys mean nobody, as with the client that Flux uses.
  return accessKey === '' || secretKey === '' ? undefined : { accessKey, secretKey };
}

function ldapKeys(endpoint: string, { secret, access }: Material['sts']): Renewed<S3Credentials> {
  const [username = '', password = ''] = secret === undefined ? [] : [textIn(secret, 'username'), textIn(secret, 'password')];
  if (secret !== undefined && (username === '' || password === '')) {
    throw authenticationFailed(`invalid '${secret.name}' secret data for 'ldap' STS provider: required fields username, password`);
  }
  return ldapCredentials({ endpoint, username, password }, access);
}
