import { errorMessage } from '@sluice/core';
import type { Bucket } from '@sluice/api';
import { createS3Bucket, type BucketProvider, type HttpAccess, type S3Credentials } from '@sluice/sources';
import { SourceFailure } from '../source/failure.js';
import { textIn, type Secret, type Secrets } from '../source/secrets.js';

/** Opens the object storage that a Bucket names, with the credentials of its Secrets. */
export async function bucketProvider({ spec }: Bucket, secrets: Secrets, signal: AbortSignal): Promise<BucketProvider> {
  const { provider = 'generic', bucketName, endpoint, region, insecure, sts } = spec;
  if (spec.serviceAccountName !== undefined && provider !== 'generic') {
    const message =
      'to use spec.serviceAccountName for provider authentication please enable the ObjectLevelWorkloadIdentity feature gate in the controller';
    throw new SourceFailure('FetchFailed', 'FeatureGateDisabled', message, { terminal: true });
  }
  const secret = await read(spec.secretRef?.name, (name) => `failed to get secret '${secrets.id(name)}'`, secrets.get, signal);
  const access: HttpAccess = {
    ...(await read(spec.certSecretRef?.name, () => 'failed to get TLS config', secrets.tls, signal)),
    ...proxied(await read(spec.proxySecretRef?.name, () => 'failed to get proxy URL', secrets.proxy, signal)),
  };
  if (provider === 'gcp' || provider === 'azure' || sts !== undefined) {
    const what = sts === undefined ? `the provider ${provider}` : `spec.sts`;
    throw new SourceFailure('FetchFailed', 'InvalidProviderConfiguration', `${what} is not supported by this version`, { terminal: true });
  }
  return createS3Bucket({ ...access, bucket: bucketName, endpoint, region, insecure, credentials: s3Credentials(secret) });
}

async function read<T>(
  name: string | undefined,
  failed: (name: string) => string,
  get: (name: string) => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  if (name === undefined) return undefined;
  try {
    return await get(name);
  } catch (error) {
    signal.throwIfAborted();
    throw authenticationFailed(`${failed(name)}: ${errorMessage(error)}`, error);
  }
}

function proxied(proxy: string | undefined): HttpAccess {
  return proxy === undefined ? {} : { proxy };
}

function s3Credentials(secret: Secret | undefined): S3Credentials | undefined {
  if (secret === undefined) return undefined;
  const [accessKey, secretKey] = [textIn(secret, 'accesskey'), textIn(secret, 'secretkey')];
  if (accessKey === undefined || secretKey === undefined) {
    throw authenticationFailed(`invalid '${secret.name}' secret data: required fields 'accesskey' and 'secretkey'`);
  }
  // Empty keys mean nobody, as with the client that Flux uses.
  return accessKey === '' || secretKey === '' ? undefined : { accessKey, secretKey };
}

function authenticationFailed(message: string, cause?: unknown): SourceFailure {
  return new SourceFailure('FetchFailed', 'AuthenticationFailed', message, { cause });
}
