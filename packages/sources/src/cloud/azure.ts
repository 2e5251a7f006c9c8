import { X509Certificate, createHash, createPrivateKey, randomUUID } from 'node:crypto';
import { SluiceError, errorMessage } from '@sluice/core';
import { accountToken, requiredAnnotation } from './account.js';
import { readToken, signedToken } from './assertion.js';
import { askJson, form, renewed, serviceUrl, tokenOf, type CloudAccess, type Renewed } from './exchange.js';

export interface AzureServicePrincipal {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Certificate and key, in PEM. */
  readonly clientCertificate?: string;
  readonly clientCertificatePassword?: string;
  readonly sendCertificateChain?: boolean;
  /** Default: `https://login.microsoftonline.com`. */
  readonly authorityHost?: string;
}

export const azureScopes = {
  storage: 'https://storage.azure.com',
  management: 'https://management.azure.com',
  keyVault: 'https://vault.azure.net',
  /** The API servers of AKS, which take Entra ID's tokens. */
  kubernetes: '6dae42f8-4368-4678-94ff-3960e28e3630',
} as const;

const publicAuthority = 'https://login.microsoftonline.com';
const metadataServer = 'http://169.254.169.254/metadata/identity/oauth2/token';

/** Tokens of a service principal: by its secret, or by a statement that its certificate signs. */
export function servicePrincipalToken(principal: AzureServicePrincipal, resource: string, access: CloudAccess = {}): Renewed<string> {
  const { now = Date.now } = access;
  const url = tokenUrl(principal.authorityHost, principal.tenantId);
  const what = 'failed to get a token for the service principal';
  return renewed(async (signal) => {
    const proof: Record<string, string> =
      principal.clientSecret === undefined
        ? { client_assertion_type: assertionType, client_assertion: certificateAssertion(principal, url, now()) }
        : { client_secret: principal.clientSecret };
    return tokenOf(await askJson(what, form(url, { ...common(principal.clientId, resource), ...proof }, signal), access), what, now);
  }, now);
}

/** Tokens of the machine's identity. */
export function managedIdentityToken(clientId: string | undefined, resource: string, access: CloudAccess = {}): Renewed<string> {
  const { now = Date.now, env = process.env } = access;
  const url = serviceUrl(env.AZURE_POD_IDENTITY_AUTHORITY_HOST ?? metadataServer, 'the address of the identity server');
  url.search = new URLSearchParams({
    'api-version': '2018-02-01',
    resource: resource.startsWith('https:') ? `${resource}/` : resource,
    ...(clientId !== undefined && { client_id: clientId }),
  }).toString();
  const what = 'failed to get a token for the managed identity';
  const request = { url, headers: { metadata: 'true' } };
  return renewed(
    async (signal) => tokenOf(await askJson(what, { ...request, signal }, { ...access, allowLinkLocal: true }), what, now),
    now,
  );
}

/**
 * Tokens of whoever this process is: a service principal or a workload identity of the environment, else the machine. Those
 * of a ServiceAccount are of the client that its annotations name.
 */
export function azureToken(resource: string, access: CloudAccess = {}): Renewed<string> {
  const { env = process.env, account } = access;
  if (account !== undefined) {
    const tenant = requiredAnnotation(account, 'azure.workload.identity/tenant-id', /^[A-Za-z0-9.-]+$/);
    const client = requiredAnnotation(account, 'azure.workload.identity/client-id', /^\S+$/);
    return federatedToken(tenant, client, resource, access, (signal) => accountToken(account, 'api://AzureADTokenExchange', signal));
  }
  const { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: clientSecret, AZURE_FEDERATED_TOKEN_FILE: file } = env;
  const authorityHost = env.AZURE_AUTHORITY_HOST;
  if (tenantId === undefined || clientId === undefined || (clientSecret === undefined && file === undefined)) {
    return managedIdentityToken(clientId, resource, access);
  }
  if (clientSecret !== undefined) {
    return servicePrincipalToken(
      { tenantId, clientId, clientSecret, ...(authorityHost !== undefined && { authorityHost }) },
      resource,
      access,
    );
  }
  return federatedToken(tenantId, clientId, resource, access, () => readToken(file ?? ''));
}

/** Tokens for a client that another issuer, which its tenant trusts, speaks for. */
function federatedToken(
  tenantId: string,
  clientId: string,
  resource: string,
  access: CloudAccess,
  assertionFor: (signal?: AbortSignal) => Promise<string>,
): Renewed<string> {
  const { now = Date.now, env = process.env } = access;
  const url = tokenUrl(env.AZURE_AUTHORITY_HOST, tenantId);
  const what = 'failed to get a token for the workload identity';
  return renewed(async (signal) => {
    const assertion = await assertionFor(signal);
    const fields = { ...common(clientId, resource), client_assertion_type: assertionType, client_assertion: assertion };
    return tokenOf(await askJson(what, form(url, fields, signal), access), what, now);
  }, now);
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

function common(clientId: string, resource: string): Record<string, string> {
  return { grant_type: 'client_credentials', client_id: clientId, scope: `${resource}/.default` };
}

function tokenUrl(authorityHost: string | undefined, tenantId: string): URL {
  if (!/^[A-Za-z0-9.-]+$/.test(tenantId)) throw new SluiceError('SourceSettingsInvalid', 'tenantId must be an id or a domain name');
  const host = (authorityHost === undefined || authorityHost === '' ? publicAuthority : authorityHost).replace(/\/+$/, '');
  return serviceUrl(`${host}/${tenantId}/oauth2/v2.0/token`, 'authorityHost');
}

/** A statement that names the client, signed by its certificate. */
function certificateAssertion(
  { clientId, clientCertificate = '', clientCertificatePassword, sendCertificateChain }: AzureServicePrincipal,
  url: URL,
  now: number,
): string {
  const certificates = clientCertificate.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]+?-----END [A-Z ]*PRIVATE KEY-----/.exec(clientCertificate)?.[0];
  const [first] = certificates;
  if (first === undefined || key === undefined) {
    throw new SluiceError(
      'SourceSettingsInvalid',
      'clientCertificate must hold a certificate and its private key in PEM (convert a PFX file with openssl pkcs12 -nodes)',
    );
  }
  try {
    const chain = certificates.map((pem) => new X509Certificate(pem).raw);
    const header = {
      alg: 'RS256',
      typ: 'JWT',
      x5t: createHash('sha1')
        .update(chain[0] ?? Buffer.alloc(0))
        .digest('base64url'),
      ...(sendCertificateChain === true && { x5c: chain.map((raw) => raw.toString('base64')) }),
    };
    const seconds = Math.floor(now / 1000);
    const claims = { aud: url.href, iss: clientId, sub: clientId, jti: randomUUID(), nbf: seconds, exp: seconds + 600 };
    return signedToken(
      header,
      claims,
      createPrivateKey({ key, ...(clientCertificatePassword !== undefined && { passphrase: clientCertificatePassword }) }),
    );
  } catch (error) {
    throw new SluiceError('SourceSettingsInvalid', `clientCertificate can't be used: ${errorMessage(error)}`, { cause: error });
  }
}
