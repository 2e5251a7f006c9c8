import { SluiceError } from '@sluice/core';
import { accountAnnotation, accountToken, type CloudAccount } from './account.js';
import { askJson, form, renewed, serviceUrl, tokenOf, type CloudAccess, type Lasting, type Renewed } from './exchange.js';
import { machineAttribute } from './google-metadata.js';

const providerName = /^projects\/\d{1,30}\/locations\/global\/workloadIdentityPools\/[^/]{1,100}\/providers\/[^/]{1,100}$/;
const email = /^[a-zA-Z0-9-]{1,100}@[a-zA-Z0-9-]{1,100}\.iam\.gserviceaccount\.com$/;

/**
 * Tokens of Google's for a ServiceAccount: its own token is exchanged at the security token service, for the identity pool of
 * the GKE cluster that this runs in or the one that an annotation names; another annotation names the account of Google's to be.
 */
export function googleAccountToken(account: CloudAccount, access: CloudAccess, scope: string): Renewed<string> {
  const { now = Date.now, env = process.env } = access;
  const provider = accountAnnotation(account, 'gcp.auth.fluxcd.io/workload-identity-provider', providerName);
  const impersonated = accountAnnotation(account, 'iam.gke.io/gcp-service-account', email);
  const at = (name: string, usual: string): URL => serviceUrl(env[name] ?? usual, name);
  const sts = new URL('/v1/token', at('CLOUDSDK_API_ENDPOINT_OVERRIDES_STS', 'https://sts.googleapis.com/'));
  const iam = at('CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS', 'https://iamcredentials.googleapis.com/');

  return renewed(async (signal) => {
    const { pool, audience } = provider === undefined ? await poolOfCluster(access, signal) : poolNamed(provider);
    const what = `failed to get a Google token for the ServiceAccount ${account.namespace}/${account.name}`;
    const fields = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience,
      scope,
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token: await accountToken(account, pool, signal),
    };
    const exchanged = tokenOf(await askJson(what, form(sts, fields, signal), access), what, now);
    return impersonated === undefined ? exchanged : await impersonate(exchanged.value, impersonated, signal);
  }, now);

  async function impersonate(token: string, who: string, signal: AbortSignal | undefined): Promise<Lasting<string>> {
    const what = `failed to be ${who}`;
    const request = {
      method: 'POST',
      url: new URL(`/v1/projects/-/serviceAccounts/${who}:generateAccessToken`, iam),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ scope: scope.split(' '), lifetime: '3600s' }),
      signal,
    } as const;
    const { accessToken, expireTime } = await askJson(what, request, access);
    if (typeof accessToken !== 'string' || typeof expireTime !== 'string') {
      throw new SluiceError('SourceAnswerInvalid', `${what}: the answer holds no access token`);
    }
    return { value: accessToken, expires: Date.parse(expireTime) };
  }
}

interface Pool {
  /** Whom the cluster's token must be for. */
  readonly pool: string;
  /** Under which the token service knows the issuer. */
  readonly audience: string;
}

function poolNamed(provider: string): Pool {
  const name = `//iam.googleapis.com/${provider}`;
  return { pool: name, audience: name };
}

async function poolOfCluster(access: CloudAccess, signal: AbortSignal | undefined): Promise<Pool> {
  const [project, location, cluster] = await Promise.all(
    ['project/project-id', 'instance/attributes/cluster-location', 'instance/attributes/cluster-name'].map((path) =>
      machineAttribute(path, access, signal),
    ),
  );
  const pool = `${project}.svc.id.goog`;
  const issuer = `https://container.googleapis.com/v1/projects/${project}/locations/${location}/clusters/${cluster}`;
  return { pool, audience: `identitynamespace:${pool}:${issuer}` };
}
