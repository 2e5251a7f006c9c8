import { SluiceError } from '@sluice/core';
import { signedHeaders, type S3Credentials } from '../bucket/signature.js';
import { xmlText } from '../bucket/xml.js';
import { accountToken, requiredAnnotation } from './account.js';
import { readToken } from './assertion.js';
import { ask, askJson, form, renewed, serviceUrl, type CloudAccess, type Lasting, type Renewed } from './exchange.js';

export interface LdapIdentity {
  /** Of the service that gives out keys: `https://minio.example:9000`. */
  readonly endpoint: string;
  readonly username: string;
  readonly password: string;
}

const version = '2011-06-15';
const roleArn = /^arn:aws[\w-]*:iam::[0-9]{1,30}:role\/.{1,200}$/;

/** Where a service of a region is; `AWS_ENDPOINT_URL_STS` and its like say otherwise. */
export function awsServiceUrl(service: 'eks' | 'sts', region: string, { env = process.env }: CloudAccess): URL {
  const name = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return serviceUrl(env[name] ?? `https://${service}.${region}.${domain}/`, name);
}

/** Keys that MinIO gives for an LDAP user (`AssumeRoleWithLDAPIdentity`). */
export function ldapCredentials({ endpoint, username, password }: LdapIdentity, access: CloudAccess = {}): Renewed<S3Credentials> {
  const url = serviceUrl(endpoint, 'the STS endpoint');
  const fields = { Action: 'AssumeRoleWithLDAPIdentity', Version: version, LDAPUsername: username, LDAPPassword: password };
  return renewed(
    async (signal) => stsCredentials(await ask('failed to get keys for the LDAP user', form(url, fields, signal), access)),
    access.now,
  );
}

/**
 * Keys of whoever this process is: of the environment, by a web identity, by a pod identity, or of the machine. Those of
 * a ServiceAccount are of the role that its annotation names.
 */
export function awsCredentials(region: string, access: CloudAccess = {}, stsEndpoint?: string): Renewed<S3Credentials> {
  const { env = process.env, account } = access;
  if (account !== undefined) {
    const role = requiredAnnotation(account, 'eks.amazonaws.com/role-arn', roleArn);
    // As Flux names it: what people's trust policies and audit logs may look for.
    const session = `${account.name}.${account.namespace}.${region}.fluxcd.io`;
    return renewed(
      async (signal) => webIdentity(role, session, await accountToken(account, 'sts.amazonaws.com', signal), signal),
      access.now,
    );
  }
  const { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (accessKey !== undefined && secretKey !== undefined) return async () => ({ accessKey, secretKey, sessionToken });
  const { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_CONTAINER_CREDENTIALS_FULL_URI: container } = env;
  if (role !== undefined && tokenFile !== undefined) {
    const session = env.AWS_ROLE_SESSION_NAME ?? 'sluice';
    return renewed(async (signal) => webIdentity(role, session, await readToken(tokenFile), signal), access.now);
  }
  if (container !== undefined)
    return renewed((signal) => containerCredentials(container, env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, access, signal), access.now);
  return renewed((signal) => instanceCredentials(access, signal), access.now);

  async function webIdentity(
    RoleArn: string,
    RoleSessionName: string,
    WebIdentityToken: string,
    signal: AbortSignal | undefined,
  ): Promise<Lasting<S3Credentials>> {
    const url = stsEndpoint === undefined ? awsServiceUrl('sts', region, access) : serviceUrl(stsEndpoint, 'the STS endpoint');
    const fields = { Action: 'AssumeRoleWithWebIdentity', Version: version, RoleArn, RoleSessionName, WebIdentityToken };
    return stsCredentials(await ask('failed to get keys for the web identity', form(url, fields, signal), access));
  }
}

async function containerCredentials(
  address: string,
  tokenFile: string | undefined,
  access: CloudAccess,
  signal: AbortSignal | undefined,
): Promise<Lasting<S3Credentials>> {
  const url = serviceUrl(address, 'AWS_CONTAINER_CREDENTIALS_FULL_URI');
  const headers: Record<string, string> = tokenFile === undefined ? {} : { authorization: await readToken(tokenFile) };
  const what = 'failed to get keys for the pod';
  return keysIn(await askJson(what, { url, headers, signal }, { ...access, allowLinkLocal: true }), what);
}

/** The machine's role, by version 2 of its metadata service. */
async function instanceCredentials(access: CloudAccess, signal: AbortSignal | undefined): Promise<Lasting<S3Credentials>> {
  const { env = process.env } = access;
  const base = serviceUrl(env.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? 'http://169.254.169.254', 'AWS_EC2_METADATA_SERVICE_ENDPOINT');
  const what = "failed to get keys of the machine's role";
  const local = { timeoutMs: 5000, ...access, allowLinkLocal: true };
  const at = (path: string): URL => new URL(path, base);
  const session = await ask(
    what,
    { method: 'PUT', url: at('/latest/api/token'), headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '300' }, signal },
    local,
  );
  const headers = { 'x-aws-ec2-metadata-token': session };
  const roles = '/latest/meta-data/iam/security-credentials/';
  const role = (await ask(what, { url: at(roles), headers, signal }, local)).split('\n')[0]?.trim() ?? '';
  if (!/^[\w+=,.@-]+$/.test(role)) throw new SluiceError('SourceAuthenticationFailed', `${what}: it has none`);
  return keysIn(await askJson(what, { url: at(`${roles}${role}`), headers, signal }, local), what);
}

function keysIn(
  { AccessKeyId, SecretAccessKey, Token, Expiration }: Readonly<Record<string, unknown>>,
  what: string,
): Lasting<S3Credentials> {
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string')
    throw new SluiceError('SourceAnswerInvalid', `${what}: the answer holds no keys`);
  return {
    value: { accessKey: AccessKeyId, secretKey: SecretAccessKey, ...(typeof Token === 'string' && { sessionToken: Token }) },
    expires: typeof Expiration === 'string' ? Date.parse(Expiration) : Infinity,
  };
}

function stsCredentials(xml: string): Lasting<S3Credentials> {
  const fields = ['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'].map((name) => [name, xmlText(xml, name)]);
  const { SessionToken, ...keys } = Object.fromEntries(fields) as Record<string, string | undefined>;
  return keysIn({ ...keys, Token: SessionToken }, 'the security token service');
}

/** Keys of a role that other keys may take. */
export async function assumedRole(
  role: string,
  region: string,
  keys: S3Credentials,
  access: CloudAccess = {},
  stsEndpoint?: string,
): Promise<S3Credentials> {
  const { now = Date.now } = access;
  const url = stsEndpoint === undefined ? awsServiceUrl('sts', region, access) : serviceUrl(stsEndpoint, 'the STS endpoint');
  const request = form(url, { Action: 'AssumeRole', Version: version, RoleArn: role, RoleSessionName: 'sluice' });
  const { method = 'POST', headers = {}, body = '' } = request;
  const signed = signedHeaders({ method, url, headers, body: String(body) }, keys, region, new Date(now()), 'sts');
  const answer = await ask('failed to take the role', { ...request, headers: signed }, access);
  return stsCredentials(answer).value;
}

const ecrHost = /^\d+\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?)$/;

/** Where the service of an ECR registry is; undefined for other registries. */
export function ecrEndpoint(registry: string): { readonly region: string; readonly url: string } | undefined {
  const [, region, domain] = ecrHost.exec(registry) ?? [];
  return region === undefined ? undefined : { region, url: `https://api.ecr.${region}.${domain}/` };
}

/** User and password for a registry of ECR. */
export async function ecrLogin(
  endpoint: string,
  region: string,
  keys: S3Credentials,
  access: CloudAccess,
  signal?: AbortSignal,
): Promise<Lasting<{ username: string; password: string }>> {
  const { now = Date.now } = access;
  const url = serviceUrl(endpoint, 'the endpoint of ECR');
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
  };
  const request = { method: 'POST', url, headers, body: '{}' } as const;
  const signed = signedHeaders(request, keys, region, new Date(now()), 'ecr');
  const what = 'failed to log in to ECR';
  const { authorizationData } = await askJson(what, { ...request, headers: signed, signal }, access);
  const [data] = Array.isArray(authorizationData) ? (authorizationData as { authorizationToken?: string; expiresAt?: number }[]) : [];
  const [username, password] = Buffer.from(data?.authorizationToken ?? '', 'base64')
    .toString('utf8')
    .split(':', 2);
  if (data === undefined || username === undefined || password === undefined)
    throw new SluiceError('SourceAnswerInvalid', `${what}: the answer holds no token`);
  return { value: { username, password }, expires: (data.expiresAt ?? 0) * 1000 };
}
