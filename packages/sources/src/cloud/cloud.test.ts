import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { signedHeaders } from '../bucket/signature.js';
import { azureCredentialsFromSecret, googleTokenFromSecret } from '../bucket/secrets.js';
import { failing } from '../testing/failing.js';
import { listen, makeCertificates, type TestServer } from '../testing/https-server.js';
import { parseGitUrl } from '../git/url.js';
import { awsCredentials, ecrEndpoint, ecrLogin, ldapCredentials } from './aws.js';
import { azureScopes, azureToken, managedIdentityToken, servicePrincipalToken } from './azure.js';
import { renewed } from './exchange.js';
import { googleToken } from './google.js';
import { cloudGitLogin, codeCommitCredentials } from './git-login.js';
import { cloudRegistryLogin, exchangeForRegistry } from './registry-login.js';

const dir = mkdtempSync(join(tmpdir(), 'sluice-cloud-'));
const start = Date.parse('2026-05-01T00:00:00Z');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaPem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const keys = { accessKey: 'AK', secretKey: 'SK', sessionToken: 'ST' };
const stsAnswer = (action: string): string =>
  `<${action}Response><${action}Result><Credentials><AccessKeyId>AK</AccessKeyId><SecretAccessKey>SK</SecretAccessKey><SessionToken>ST</SessionToken><Expiration>2026-05-01T01:00:00Z</Expiration></Credentials></${action}Result></${action}Response>`;

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
  readonly body: string;
}

/** The parts of a signed token, once its signature is good. */
function claimsOf(token: string): { readonly header: Record<string, unknown>; readonly claims: Record<string, unknown> } {
  const [header = '', claims = '', signature = ''] = token.split('.');
  assert(verify('sha256', Buffer.from(`${header}.${claims}`), rsa.publicKey, Buffer.from(signature, 'base64url')));
  const [first, second] = [header, claims].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
  return { header: first ?? {}, claims: second ?? {} };
}

const token = (value: string, seconds: unknown = 3600): [number, string] => [
  200,
  JSON.stringify({ access_token: value, expires_in: seconds, token_type: 'Bearer' }),
];

const secretOf = (fields: Readonly<Record<string, string>>): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, Buffer.from(value)]));

describe('identities of clouds', () => {
  let server: TestServer;
  let asked: Asked[] = [];
  let answer: ((request: Asked) => [status: number, body: string] | undefined) | undefined;
  before(async () => {
    server = await listen((request, response) => void serve(request, response));
  });
  after(async () => {
    await server.close();
    rmSync(dir, { recursive: true });
  });
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const one = {
      method: request.method ?? '',
      url: new URL(request.url ?? '', server.url),
      headers: request.headers,
      form: new URLSearchParams(body),
      body,
    };
    asked.push(one);
    const [status, text] = answer?.(one) ?? [500, 'not known here'];
    response.writeHead(status).end(text);
  }
  /** Answers like a service that knows only what it is asked for in the test. */
  const serving = (known: NonNullable<typeof answer>): void => {
    asked = [];
    answer = known;
  };
  let clock = start;
  const access = { now: () => clock, env: {} };

  test('last as long as they say, and are asked for once at a time', async () => {
    clock = start;
    let count = 0;
    const get = renewed(
      async () => ({ value: ++count, expires: clock + 600_000 }),
      () => clock,
    );
    assert.deepEqual(await Promise.all([get(), get(), get()]), [1, 1, 1]);
    clock += 539_000;
    assert.equal(await get(), 1);
    clock += 2000;
    assert.equal(await get(), 2);
    clock = start;
  });

  test('Azure: a service principal with a secret', async () => {
    serving(({ method, url, form }) => {
      const isRight = method === 'POST' && url.pathname === '/tenant/oauth2/v2.0/token' && form.get('grant_type') === 'client_credentials';
      return isRight && form.get('scope') === 'https://storage.azure.com/.default' && form.get('client_secret') === 'hunter2'
        ? token('t1')
        : [400, '{"error":"invalid_client","error_description":"hunter2 is wrong"}'];
    });
    const principal = { tenantId: 'tenant', clientId: 'app', clientSecret: 'hunter2', authorityHost: `${server.url}/` };
    const get = servicePrincipalToken(principal, azureScopes.storage, access);
    assert.deepEqual([await get(), await get(), asked.length], ['t1', 't1', 1]);
    await assert.rejects(
      servicePrincipalToken({ ...principal, clientSecret: 'wrong' }, azureScopes.storage, access)(),
      failing(
        'SourceAuthenticationFailed',
        /^failed to get a token for the service principal: http:\/\/127.0.0.1:\d+\/tenant\/oauth2\/v2.0\/token answered 400 \(invalid_client\)$/,
      ),
    );
    assert.throws(
      () => servicePrincipalToken({ ...principal, tenantId: '../x' }, azureScopes.storage, access),
      failing('SourceSettingsInvalid', /tenantId/),
    );
    const secret = { tenantId: 'tenant', clientId: 'app', clientSecret: 'hunter2', authorityHost: server.url };
    const data = secretOf(secret);
    const credentials = azureCredentialsFromSecret('azure', data, access);
    assert(credentials !== undefined && 'token' in credentials);
    assert.equal(await credentials.token(), 't1');
  });

  test('Azure: a service principal with a certificate', async () => {
    serving(({ form }) => (form.has('client_assertion') ? token('t2') : undefined));
    const { cert } = makeCertificates(dir);
    const principal = {
      tenantId: 'tenant',
      clientId: 'app',
      clientCertificate: `${rsaPem}${cert}`,
      sendCertificateChain: true,
      authorityHost: server.url,
    };
    assert.equal(await servicePrincipalToken(principal, azureScopes.storage, access)(), 't2');
    const { header, claims } = claimsOf(asked[0]?.form.get('client_assertion') ?? '');
    const der = Buffer.from(cert.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    assert.deepEqual(header, {
      alg: 'RS256',
      typ: 'JWT',
      x5t: createHash('sha1').update(der).digest('base64url'),
      x5c: [der.toString('base64')],
    });
    assert.equal(claims.aud, `${server.url}/tenant/oauth2/v2.0/token`);
    assert.deepEqual([claims.iss, claims.sub, claims.exp], ['app', 'app', start / 1000 + 600]);
    await assert.rejects(
      servicePrincipalToken({ ...principal, clientCertificate: 'PFX' }, azureScopes.storage, access)(),
      failing('SourceSettingsInvalid', /must hold a certificate and its private key in PEM/),
    );
  });

  test('Azure: identities of the machine and of the workload', async () => {
    serving(({ headers, url }) =>
      headers.metadata === 'true' && url.searchParams.get('resource') === 'https://storage.azure.com/'
        ? token(url.searchParams.get('client_id') ?? 'any', '3599')
        : undefined,
    );
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: `${server.url}/metadata/identity/oauth2/token` };
    assert.equal(await managedIdentityToken('app', azureScopes.storage, { ...access, env })(), 'app');
    assert.equal(await azureToken(azureScopes.storage, { ...access, env })(), 'any');
    const file = join(dir, 'token');
    writeFileSync(file, 'projected\n');
    serving(({ form }) => (form.get('client_assertion') === 'projected' && form.get('client_id') === 'app' ? token('t3') : undefined));
    const workload = {
      AZURE_TENANT_ID: 'tenant',
      AZURE_CLIENT_ID: 'app',
      AZURE_FEDERATED_TOKEN_FILE: file,
      AZURE_AUTHORITY_HOST: server.url,
    };
    assert.equal(await azureToken(azureScopes.management, { ...access, env: workload })(), 't3');
  });

  test('Azure: what a Secret may hold', () => {
    assert.deepEqual(azureCredentialsFromSecret('azure', secretOf({ accountKey: 'a2V5' })), { accountKey: 'a2V5' });
    assert.deepEqual(azureCredentialsFromSecret('azure', secretOf({ sasKey: '?sv=1' })), { sasToken: '?sv=1' });
    assert.throws(
      () => azureCredentialsFromSecret('azure', secretOf({ password: 'x' })),
      failing('SourceSettingsInvalid', /^invalid 'azure' secret data: requires a 'clientId' or 'accountKey' field/),
    );
  });

  test('Google: a key of a service account', async () => {
    serving(({ form }) => (form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer' ? token('g1') : undefined));
    const key = {
      type: 'service_account',
      client_email: 'me@example',
      private_key_id: 'k1',
      private_key: rsaPem,
      token_uri: `${server.url}/token`,
    };
    const of = (fields: object): ReturnType<typeof googleTokenFromSecret> =>
      googleTokenFromSecret('gcp', { serviceaccount: Buffer.from(JSON.stringify(fields)) }, access);
    assert.equal(await of(key)(), 'g1');
    const { header, claims } = claimsOf(asked[0]?.form.get('assertion') ?? '');
    assert.equal(header.kid, 'k1');
    assert.deepEqual(claims, {
      iss: 'me@example',
      scope: 'https://www.googleapis.com/auth/devstorage.read_only',
      aud: `${server.url}/token`,
      iat: start / 1000,
      exp: start / 1000 + 3600,
    });
    assert.throws(() => of({ ...key, type: 'authorized_user' }), failing('SourceSettingsInvalid', /type must be service_account/));
    assert.throws(() => of({ ...key, private_key: 'x' }), failing('SourceSettingsInvalid', /private_key does not parse/));
    assert.throws(
      () => googleTokenFromSecret('gcp', {}, access),
      failing('SourceSettingsInvalid', /^invalid 'gcp' secret data: required fields 'serviceaccount'$/),
    );
    const file = join(dir, 'google.json');
    writeFileSync(file, JSON.stringify(key));
    assert.equal(await googleToken({ ...access, env: { GOOGLE_APPLICATION_CREDENTIALS: file } })(), 'g1');
  });

  test('Google: the metadata server', async () => {
    serving(({ headers, url }) =>
      headers['metadata-flavor'] === 'Google' && url.pathname === '/computeMetadata/v1/instance/service-accounts/default/token'
        ? token('g2')
        : undefined,
    );
    const env = { GCE_METADATA_HOST: `127.0.0.1:${server.port}` };
    assert.equal(await googleToken({ ...access, env })(), 'g2');
    const login = cloudRegistryLogin('gcp', { ...access, env });
    assert.deepEqual(await login({ registry: 'europe-docker.pkg.dev', repository: 'a/b/c' }), {
      username: 'oauth2accesstoken',
      password: 'g2',
    });
    await assert.rejects(
      async () => login({ registry: 'evil.example', repository: 'a' }),
      failing('SourceSettingsInvalid', /the provider gcp has no credentials for evil.example/),
    );
  });

  test('AWS: keys of the environment, a web identity, a pod, the machine', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK', AWS_SESSION_TOKEN: 'ST' };
    assert.deepEqual(await awsCredentials('eu-west-1', { ...access, env })(), keys);

    const file = join(dir, 'aws-token');
    writeFileSync(file, 'projected');
    serving(({ form }) =>
      form.get('Action') === 'AssumeRoleWithWebIdentity' &&
      form.get('RoleArn') === 'arn:role' &&
      form.get('WebIdentityToken') === 'projected'
        ? [200, stsAnswer('AssumeRoleWithWebIdentity')]
        : undefined,
    );
    const web = { AWS_ROLE_ARN: 'arn:role', AWS_WEB_IDENTITY_TOKEN_FILE: file };
    assert.deepEqual(await awsCredentials('eu-west-1', { ...access, env: web }, server.url)(), keys);

    const json = JSON.stringify({ AccessKeyId: 'AK', SecretAccessKey: 'SK', Token: 'ST', Expiration: '2026-05-01T01:00:00Z' });
    serving(({ headers }) => (headers.authorization === 'projected' ? [200, json] : undefined));
    const pod = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/v1/credentials`, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file };
    assert.deepEqual(await awsCredentials('eu-west-1', { ...access, env: pod })(), keys);

    serving(({ method, url, headers }) => {
      if (method === 'PUT' && url.pathname === '/latest/api/token') return [200, 'session'];
      if (headers['x-aws-ec2-metadata-token'] !== 'session') return undefined;
      if (url.pathname.endsWith('/security-credentials/')) return [200, 'node-role\n'];
      return url.pathname.endsWith('/security-credentials/node-role') ? [200, json] : undefined;
    });
    assert.deepEqual(await awsCredentials('eu-west-1', { ...access, env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url } })(), keys);
  });

  test('MinIO: keys for an LDAP user', async () => {
    serving(({ form }) =>
      form.get('Action') === 'AssumeRoleWithLDAPIdentity' && form.get('LDAPUsername') === 'ada' && form.get('LDAPPassword') === 'pw'
        ? [200, stsAnswer('AssumeRoleWithLDAPIdentity')]
        : [403, '<ErrorResponse><Error><Code>AccessDenied</Code><Message>pw is wrong</Message></Error></ErrorResponse>'],
    );
    const get = ldapCredentials({ endpoint: server.url, username: 'ada', password: 'pw' }, access);
    assert.deepEqual([await get(), await get(), asked.length], [keys, keys, 1]);
    await assert.rejects(
      ldapCredentials({ endpoint: server.url, username: 'ada', password: 'no' }, access)(),
      failing('SourceAuthenticationFailed', /answered 403 \(AccessDenied\)$/),
    );
  });

  test('registries: ECR and Azure', async () => {
    assert.deepEqual(ecrEndpoint('123456789012.dkr.ecr.eu-west-1.amazonaws.com'), {
      region: 'eu-west-1',
      url: 'https://api.ecr.eu-west-1.amazonaws.com/',
    });
    assert.equal(ecrEndpoint('123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example'), undefined);
    serving(({ headers, body, url }) => {
      const { authorization, host, ...given } = headers;
      assert.equal(host, url.host);
      const own = Object.fromEntries(Object.entries(given).filter(([name]) => /^(?:content-type|x-amz-target)$/.test(name))) as Record<
        string,
        string
      >;
      const expected = signedHeaders({ method: 'POST', url, headers: own, body: '{}' }, keys, 'eu-west-1', new Date(start), 'ecr');
      const isRight =
        body === '{}' && authorization === expected.authorization && /\/eu-west-1\/ecr\/aws4_request/.test(authorization ?? '');
      const data = { authorizationToken: Buffer.from('AWS:password').toString('base64'), expiresAt: start / 1000 + 43_200 };
      return isRight ? [200, JSON.stringify({ authorizationData: [data] })] : [400, '{"__type":"UnrecognizedClientException"}'];
    });
    const login = await ecrLogin(`${server.url}/`, 'eu-west-1', keys, access);
    assert.deepEqual(login, { value: { username: 'AWS', password: 'password' }, expires: start + 43_200_000 });
    await assert.rejects(
      ecrLogin(`${server.url}/`, 'eu-west-1', { ...keys, secretKey: 'x' }, access),
      failing('SourceAuthenticationFailed', /failed to log in to ECR: .* answered 400 \(UnrecognizedClientException\)/),
    );
    serving(({ form }) =>
      form.get('service') === 'me.azurecr.io' && form.get('access_token') === 't' ? [200, '{"refresh_token":"r"}'] : undefined,
    );
    const azure = await exchangeForRegistry(new URL(`${server.url}/oauth2/exchange`), 'me.azurecr.io', 't', access);
    assert.deepEqual(azure.value, { username: '00000000-0000-0000-0000-000000000000', password: 'r' });
    for (const provider of ['aws', 'azure'] as const) {
      await assert.rejects(
        async () => cloudRegistryLogin(provider, access)({ registry: 'ghcr.io', repository: 'a' }),
        failing('SourceSettingsInvalid', /use the provider generic/),
      );
    }
  });

  test('Git: CodeCommit and Azure DevOps', async () => {
    const url = parseGitUrl('https://git-codecommit.us-east-1.amazonaws.com/v1/repos/test-repo');
    const env = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'session' };
    const { username, password, holder } = await cloudGitLogin('aws', { ...access, env })(url);
    assert.deepEqual([username, holder], ['AKIA%session', 'aws']);
    // As git-remote-codecommit signs: the time without its zone.
    assert.match(password ?? '', /^\d{8}T\d{6}Z[0-9a-f]{64}$/);
    const fixed = new Date('2026-01-02T03:04:05.678Z');
    const signed = (address: string) => codeCommitCredentials({ address }, 'us-east-1', { accessKey: 'a', secretKey: 'b' }, fixed);
    // As the SDK for Python signs it.
    assert.equal(signed(url.address).password, '20260102T030405Zcfe84a329315215d76cc3ae7f0663ebdfad4facd9800f467c77edcd9c76cc2ef');
    assert.notEqual(signed(url.address).password, signed(`${url.address}-2`).password);
    for (const address of ['https://github.com/a/b', 'https://git-codecommit.us-east-1.amazonaws.com.evil.example/a']) {
      await assert.rejects(
        cloudGitLogin('aws', { ...access, env })(parseGitUrl(address)),
        failing('GitCredentialsInvalid', /invalid AWS CodeCommit Git URL/),
      );
    }
    serving(({ form }) =>
      form.get('scope') === '499b84ac-1321-427f-aa17-267ca6975798/.default' ? [200, '{"access_token":"t","expires_in":3600}'] : undefined,
    );
    const azure = { AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'client', AZURE_CLIENT_SECRET: 'secret', AZURE_AUTHORITY_HOST: server.url };
    assert.deepEqual(await cloudGitLogin('azure', { ...access, env: azure })(url), { bearerToken: 't', holder: 'azure' });
  });
});
