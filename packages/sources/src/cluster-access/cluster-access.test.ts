import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { signedHeaders } from '../bucket/signature.js';
import type { CloudAccount } from '../cloud/account.js';
import { awsCredentials } from '../cloud/aws.js';
import { azureToken } from '../cloud/azure.js';
import type { CloudAccess } from '../cloud/exchange.js';
import { googleToken } from '../cloud/google.js';
import { failing } from '../testing/failing.js';
import { listen, type TestServer } from '../testing/https-server.js';
import { clusterAddress } from './address.js';
import { aksCluster } from './aks.js';
import type { ClusterIdentity } from './cluster-access.js';
import { eksCluster } from './eks.js';
import { gkeCluster } from './gke.js';

const start = Date.parse('2026-05-01T00:00:00Z');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly form: URLSearchParams;
  readonly body: string;
}

/** Asks as whoever the access says. */
const identity: ClusterIdentity = {
  awsKeys: (region, access) => awsCredentials(region, access),
  azure: (scope, access) => azureToken(scope, access),
  google: (scope, access) => googleToken(access, scope),
};

const dir = mkdtempSync(join(tmpdir(), 'sluice-clusters-'));
let server: TestServer;
let asked: string[] = [];
let routes: Readonly<Record<string, (request: Asked) => object | string | undefined>> = {};
before(async () => {
  server = await listen((request, response) => void serveOne(request, response));
});
const serveOne = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const { method = '', url: path = '', headers } = request;
  const route = `${method} ${path.replace(/^\/\?.*/, '/')}`;
  asked.push(route);
  const answer = Object.hasOwn(routes, route)
    ? routes[route]!({ method, path, headers, form: new URLSearchParams(body), body })
    : undefined;
  response
    .writeHead(answer === undefined ? 403 : 200)
    .end(typeof answer === 'object' ? JSON.stringify(answer) : (answer ?? '{"code":"Denied"}'));
};
after(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});
const serve = (known: typeof routes): void => {
  asked = [];
  routes = known;
};
const now = (): number => start;
const account = (annotations: Readonly<Record<string, string>>, audiences?: readonly string[]): CloudAccount => ({
  namespace: 'apps',
  name: 'deployer',
  annotations,
  audiences,
  token: (wanted) => Promise.resolve(`token for ${wanted.join(' ')}`),
});

const eks = 'arn:aws:eks:eu-west-1:123456789012:cluster/prod';
const awsEnv = (): CloudAccess['env'] => ({
  AWS_ACCESS_KEY_ID: 'AK',
  AWS_SECRET_ACCESS_KEY: 'SK',
  AWS_SESSION_TOKEN: 'ST/+=',
  AWS_ENDPOINT_URL_EKS: server.url,
});

const eksToken = async (sessionToken?: string) => {
  const { AWS_ENDPOINT_URL_EKS: _, AWS_SESSION_TOKEN: __, ...keys } = awsEnv() ?? {};
  const session = sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken };
  return await eksCluster({ cluster: eks }, identity, { now, env: { ...keys, ...session } }).token();
};

const addressIn = (text: string): string => Buffer.from(text.replace(/^k8s-aws-v1\./, ''), 'base64url').toString();
const parametersOf = (url: string): string[] => [...new URL(url).searchParams].map((pair) => pair.join('=')).sort();

const subscription = '12345678-1234-1234-1234-123456789012';
const aks = `/subscriptions/${subscription}/resourceGroups/my%20group/providers/Microsoft.ContainerService/managedClusters/prod`.replace(
  '%20',
  ' ',
);
const path = encodeURI(aks);
const kubeconfig = (server: string): string =>
  base64(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "${server}", certificate-authority-data: ${base64(`CA of ${server}`)}}}]
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: kubelogin}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`);
const azureAccess = (): CloudAccess => {
  const file = join(dir, 'azure.json');
  writeFileSync(file, JSON.stringify({ resourceManagerEndpoint: server.url, tokenAudience: 'https://manager/' }));
  const principal = { AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'client', AZURE_CLIENT_SECRET: 'secret' };
  return { now, env: { ...principal, AZURE_AUTHORITY_HOST: server.url, AZURE_ENVIRONMENT_FILEPATH: file } };
};
const tokens = ({ form }: Asked): object | undefined => ({ access_token: `for ${form.get('scope') ?? ''}`, expires_in: 3600 });
const isAllowed = ({ headers }: Asked): boolean => headers['authorization'] === 'Bearer for https://manager/.default';
const known = (properties: object): typeof routes => ({
  'POST /tenant/oauth2/v2.0/token': tokens,
  [`GET ${path}?api-version=2022-04-01`]: (request) => (isAllowed(request) ? { properties } : undefined),
  [`POST ${path}/listClusterUserCredential?api-version=2022-04-01`]: (request) =>
    isAllowed(request)
      ? {
          kubeconfigs: ['https://public.example', 'https://private.example:8443'].map((each) => ({
            name: 'u',
            value: kubeconfig(each),
          })),
        }
      : undefined,
});

const aksAt = (address?: string) => aksCluster({ cluster: aks, address }, identity, azureAccess());

const gke = 'projects/p1/locations/europe-west1/clusters/prod';
const described = {
  [`GET /v1/${gke}`]: ({ headers }: Asked) =>
    /^Bearer (?:machine|deployer)$/.test(String(headers['authorization']))
      ? { endpoint: '203.0.113.7', masterAuth: { clusterCaCertificate: base64('PEM') } }
      : undefined,
};
const googleAccess = (): CloudAccess => ({
  now,
  env: {
    GCE_METADATA_HOST: new URL(server.url).host,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: server.url,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STS: server.url,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: server.url,
  },
});

const exchange = (audience: string, subject: string) => ({
  'POST /v1/token': ({ form }: Asked) =>
    form.get('audience') === audience &&
    form.get('subject_token') === `token for ${subject}` &&
    form.get('subject_token_type') === 'urn:ietf:params:oauth:token-type:jwt' &&
    form.get('scope') === 'https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email'
      ? { access_token: 'federated', expires_in: 3600 }
      : undefined,
  'POST /v1/projects/-/serviceAccounts/d@p1.iam.gserviceaccount.com:generateAccessToken': ({ headers, body }: Asked) =>
    headers['authorization'] === 'Bearer federated' && (JSON.parse(body) as { scope: string[] }).scope.length === 2
      ? { accessToken: 'deployer', expireTime: '2026-05-01T01:00:00Z' }
      : undefined,
});
const gkeToken = async (annotations: Readonly<Record<string, string>>, audiences?: readonly string[]): Promise<string> =>
  (await gkeCluster({ cluster: gke }, identity, { ...googleAccess(), account: account(annotations, audiences) }).token()).value;

describe('EKS', () => {
  test('is described by a signed request', async () => {
    serve({
      'GET /clusters/prod': ({ headers }) => {
        const keys = { accessKey: 'AK', secretKey: 'SK', sessionToken: 'ST/+=' };
        const url = new URL('/clusters/prod', server.url);
        const { authorization } = signedHeaders({ method: 'GET', url }, keys, 'eu-west-1', new Date(start), 'eks');
        if (headers['authorization'] !== authorization || headers['x-amz-security-token'] !== 'ST/+=') return undefined;
        return { cluster: { endpoint: 'https://ABC.gr7.eu-west-1.eks.amazonaws.com', certificateAuthority: { data: base64('PEM') } } };
      },
    });
    const access = { now, env: awsEnv() };
    assert.deepEqual(await eksCluster({ cluster: eks }, identity, access).endpoint(), {
      server: 'https://abc.gr7.eu-west-1.eks.amazonaws.com:443',
      authority: 'PEM',
    });
    assert.deepEqual(await eksCluster({ cluster: eks, address: 'https://mine' }, identity, access).endpoint(), {
      server: 'https://mine',
      authority: 'PEM',
    });
    asked = [];
    assert.deepEqual(await eksCluster({ cluster: eks, address: 'https://mine', authority: 'MINE' }, identity, access).endpoint(), {
      server: 'https://mine',
      authority: 'MINE',
    });
    assert.deepEqual(asked, []);
    const other = { now, env: { ...awsEnv(), AWS_SECRET_ACCESS_KEY: 'other' } };
    await assert.rejects(
      eksCluster({ cluster: eks }, identity, other).endpoint(),
      failing('SourceAuthenticationFailed', /^failed to describe EKS cluster 'arn:.*\/prod': .* answered 403 \(Denied\)$/),
    );
  });

  test('takes a signed address as a token', async () => {
    const { value, expires } = await eksToken('ST/+=');
    assert.equal(expires, start + 14 * 60_000);
    // As the SDK for Python signs it.
    const signed =
      'https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260501%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20260501T000000Z&X-Amz-Expires=900';
    assert.deepEqual(
      parametersOf(addressIn(value)),
      parametersOf(
        `${signed}&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Security-Token=ST%2F%2B%3D&X-Amz-Signature=2eb1d1a6cf7ecdec3c0183b9a26a3f027581c9481eb6434291468ee1620fcd33`,
      ),
    );
    assert.equal(
      addressIn((await eksToken()).value),
      `${signed}&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=7173382bb4b1b1833b9de88b52b849cb5d5f4e1c9af139647378b3a4eae6e101`,
    );
    assert.doesNotMatch(value, /=/);
  });

  test('by the role of a ServiceAccount', async () => {
    const role = 'arn:aws:iam::123456789012:role/deployer';
    serve({
      'POST /': ({ form }) =>
        form.get('Action') === 'AssumeRoleWithWebIdentity' &&
        form.get('RoleArn') === role &&
        form.get('RoleSessionName') === 'deployer.apps.eu-west-1.fluxcd.io' &&
        form.get('WebIdentityToken') === 'token for sts.amazonaws.com'
          ? '<a><AccessKeyId>AK</AccessKeyId><SecretAccessKey>SK</SecretAccessKey><SessionToken>ST</SessionToken><Expiration>2026-05-01T01:00:00Z</Expiration></a>'
          : undefined,
    });
    const access = { now, env: { AWS_ENDPOINT_URL_STS: server.url } };
    const of = (annotations: Readonly<Record<string, string>>) =>
      eksCluster({ cluster: eks }, identity, { ...access, account: account(annotations) });
    const { value } = await of({ 'eks.amazonaws.com/role-arn': role }).token();
    const url = new URL(Buffer.from(value.slice('k8s-aws-v1.'.length), 'base64url').toString());
    assert.equal(url.origin, server.url);
    assert.equal(url.searchParams.get('X-Amz-Security-Token'), 'ST');
    assert.throws(
      () => of({}),
      failing('SourceSettingsInvalid', /ServiceAccount apps\/deployer lacks the annotation eks.amazonaws.com\/role-arn/),
    );
    assert.throws(
      () => of({ 'eks.amazonaws.com/role-arn': 'deployer' }),
      failing('SourceSettingsInvalid', /invalid eks.amazonaws.com\/role-arn annotation: 'deployer'. must match/),
    );
  });

  test('has a name that says where it is', () => {
    for (const cluster of [undefined, 'prod', 'arn:aws:eks:eu-west-1:1:cluster/../x', 'arn:aws:eks:evil.example/:1:cluster/a']) {
      assert.throws(
        () => eksCluster({ cluster, address: 'https://a', authority: 'b' }, identity, { now }),
        failing('SourceSettingsInvalid', /invalid EKS cluster ARN/),
      );
    }
  });
});

describe('AKS', () => {
  test('is described by its kubeconfigs, and takes tokens for all of them', async () => {
    serve(known({ aadProfile: {} }));
    assert.deepEqual(await aksAt().endpoint(), { server: 'https://public.example', authority: 'CA of https://public.example' });
    assert.deepEqual(await aksAt('private.example:8443').endpoint(), {
      server: 'private.example:8443',
      authority: 'CA of https://private.example:8443',
    });
    assert.equal((await aksAt().token()).value, 'for 6dae42f8-4368-4678-94ff-3960e28e3630/.default');
    await assert.rejects(
      aksAt('https://other').endpoint(),
      failing(
        'SourceSettingsInvalid',
        /matching the specified address 'https:\/\/other'. cluster addresses: \['https:\/\/public.example', 'https:/,
      ),
    );
  });

  test('without Entra ID is refused', async () => {
    serve(known({}));
    await assert.rejects(
      aksCluster({ cluster: aks }, identity, azureAccess()).endpoint(),
      failing('SourceSettingsInvalid', /Entra ID integration/),
    );
  });

  test('by the client of a ServiceAccount', async () => {
    serve({
      'POST /mine/oauth2/v2.0/token': (request) =>
        request.form.get('client_assertion') === 'token for api://AzureADTokenExchange' && request.form.get('client_id') === 'app'
          ? tokens(request)
          : undefined,
    });
    const annotations = { 'azure.workload.identity/tenant-id': 'mine', 'azure.workload.identity/client-id': 'app' };
    const given = { address: 'https://a', authority: 'b' };
    const token = await aksCluster(given, identity, { ...azureAccess(), account: account(annotations) }).token();
    assert.equal(token.value, 'for 6dae42f8-4368-4678-94ff-3960e28e3630/.default');
  });

  test('has a name that leads nowhere else', async () => {
    const rest = '/providers/Microsoft.ContainerService/managedClusters';
    for (const name of [
      'prod',
      `/subscriptions/${subscription}/resourceGroups/..${rest}/a`,
      `/subscriptions/${subscription}/resourceGroups/g${rest}/..`,
    ]) {
      serve(known({ aadProfile: {} }));
      await assert.rejects(aksCluster({ cluster: name }, identity, azureAccess()).endpoint(), failing('SourceSettingsInvalid', /cluster/));
      assert.deepEqual(
        asked.filter((route) => !route.includes('/token')),
        [],
      );
    }
  });
});

describe('GKE', () => {
  test('is described to the machine, and takes its token', async () => {
    serve({
      ...described,
      'GET /computeMetadata/v1/instance/service-accounts/default/token': ({ headers }) =>
        headers['metadata-flavor'] === 'Google' ? { access_token: 'machine', expires_in: 3600 } : undefined,
    });
    const found = gkeCluster({ cluster: gke }, identity, googleAccess());
    assert.deepEqual(await found.endpoint(), { server: 'https://203.0.113.7:443', authority: 'PEM' });
    assert.equal((await found.token()).value, 'machine');
    await assert.rejects(
      gkeCluster({ cluster: 'projects/p1/locations/../clusters/prod' }, identity, googleAccess()).endpoint(),
      failing('SourceSettingsInvalid', /is no name of a cluster/),
    );
  });

  test('by the Google account of a ServiceAccount, in a cluster of Google and elsewhere', async () => {
    const at = 'https://container.googleapis.com/v1/projects/home/locations/eu/clusters/mgmt';
    const annotations = { 'iam.gke.io/gcp-service-account': 'd@p1.iam.gserviceaccount.com' };
    serve({
      ...exchange(`identitynamespace:home.svc.id.goog:${at}`, 'home.svc.id.goog'),
      'GET /computeMetadata/v1/project/project-id': () => 'home',
      'GET /computeMetadata/v1/instance/attributes/cluster-location': () => 'eu',
      'GET /computeMetadata/v1/instance/attributes/cluster-name': () => 'mgmt\n',
    });
    assert.equal(await gkeToken(annotations), 'deployer');
    assert.equal(await gkeToken({}), 'federated');
    const pool = 'projects/1/locations/global/workloadIdentityPools/pool/providers/issuer';
    const elsewhere = { ...annotations, 'gcp.auth.fluxcd.io/workload-identity-provider': pool };
    serve(exchange(`//iam.googleapis.com/${pool}`, `//iam.googleapis.com/${pool}`));
    assert.equal(await gkeToken(elsewhere), 'deployer');
    serve(exchange(`//iam.googleapis.com/${pool}`, 'mine'));
    assert.equal(await gkeToken(elsewhere, ['mine']), 'deployer');
  });
});

test('addresses are compared whole', () => {
  for (const [text, address] of [
    ['https://A.example', 'https://a.example:443'],
    ['a.example:6443', 'https://a.example:6443'],
    ['https://a.example:443/', 'https://a.example:443'],
    ['https://[::1]:6443', 'https://[::1]:6443'],
  ] as const) {
    assert.equal(clusterAddress(text), address);
  }
  for (const text of ['', 'http://a.example', 'https://', 'ftp://a', 'https://user:pw@a.example']) {
    assert.throws(() => clusterAddress(text), failing('SourceSettingsInvalid', /must be https/));
  }
});
