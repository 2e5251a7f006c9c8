import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { SluiceError } from '@sluice/core';
import type { MasterKey } from '@sluice/sops';
import { signedHeaders } from '../bucket/signature.js';
import { awsKmsKeys, azureKeyVaultKeys, googleKmsKeys, vaultKeys } from './index.js';

const createdAt = '2026-01-01T00:00:00Z';
const secret = Buffer.from('a data key of thirty-two bytes!!');
const own = { accessKey: 'AKIA', secretKey: 'own secret' };
const ofRole = { accessKey: 'ASIA', secretKey: 'secret of the role', sessionToken: 'session' };
const arn = 'arn:aws:kms:eu-west-1:111122223333:key/abc';
const resourceId = 'projects/p/locations/global/keyRings/r/cryptoKeys/k';

interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What is sealed is the secret, back to front. */
const flipped = (text: string, encoding: 'base64' | 'base64url' = 'base64'): string =>
  Buffer.from(text, encoding).reverse().toString(encoding);

describe('services that hold keys', () => {
  let server: Server;
  let url: string;
  const asked: Asked[] = [];
  before(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      request.on('end', () => {
        const question = { path: request.url ?? '', headers: request.headers, body };
        asked.push(question);
        const answer = request.method === 'POST' ? answerTo(question, url) : undefined;
        response
          .writeHead(answer === undefined ? 403 : 200)
          .end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? { code: 'Forbidden' }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const services = () => [
    vaultKeys(() => Promise.resolve('vault token'), 'Vault'),
    awsKmsKeys({ credentials: () => () => Promise.resolve(own), origin: 'AWS', endpoint: `${url}/` }),
    googleKmsKeys(() => Promise.resolve('google token'), 'Google', {}, url),
    azureKeyVaultKeys(() => Promise.resolve('azure token'), 'Azure', {}, /^127\.0\.0\.1$/),
  ];
  const keys = (): MasterKey[] => [
    { type: 'hc_vault', address: url, enginePath: 'teams/transit', keyName: 'main', createdAt, enc: '' },
    { type: 'kms', arn, role: '', profile: '', context: new Map([['app', 'x']]), createdAt, enc: '' },
    { type: 'kms', arn, role: 'arn:aws:iam::1:role/r', profile: '', context: new Map(), createdAt, enc: '' },
    { type: 'gcp_kms', resourceId, createdAt, enc: '' },
    { type: 'azure_kv', vaultUrl: url, name: 'main', version: '7', createdAt, enc: '' },
  ];

  test('each opens what it has sealed, and is asked by its own protocol', async () => {
    for (const key of keys()) {
      const service = services().find(
        ({ origin }) => origin === { hc_vault: 'Vault', kms: 'AWS', gcp_kms: 'Google', azure_kv: 'Azure' }[key.type as 'kms'],
      )!;
      const enc = (await service.seal(key, secret))!;
      assert.notEqual(Buffer.from(enc, 'base64').toString('utf8'), secret.toString('utf8'));
      assert.deepEqual(Buffer.from((await service.open({ ...key, enc }))!), secret);
    }
    assert.ok(asked.some(({ path }) => path === '/v1/teams/transit/decrypt/main'));
  });

  test('none is asked about keys of others', async () => {
    const before = asked.length;
    for (const service of services()) {
      assert.equal(await service.open({ type: 'age', recipient: 'age1', enc: '' }), undefined);
      assert.equal(await service.seal({ type: 'pgp', fingerprint: 'F', createdAt, enc: '' }, secret), undefined);
    }
    assert.equal(asked.length, before);
  });

  test('names of keys lead nowhere else', async () => {
    const [vault, aws, google] = services();
    const evil: MasterKey = { type: 'hc_vault', address: url, enginePath: '../../sys', keyName: 'x', createdAt, enc: '' };
    await assert.rejects(vault!.open(evil), /holds a path/);
    await assert.rejects(
      aws!.open({ type: 'kms', arn: 'arn:evil', role: '', profile: '', context: new Map(), createdAt, enc: '' }),
      /no ARN/,
    );
    await assert.rejects(google!.open({ type: 'gcp_kms', resourceId: '../x', createdAt, enc: '' }), /no resource id/);
    const azure = azureKeyVaultKeys(() => Promise.resolve('token'), 'Azure');
    const elsewhere: MasterKey = { type: 'azure_kv', vaultUrl: 'https://evil.example', name: 'n', version: '1', createdAt, enc: '' };
    await assert.rejects(azure.open(elsewhere), /evil\.example is not the host of a key vault/);
  });

  test('a refusal says who refused, and no secret', async () => {
    const vault = vaultKeys(() => Promise.resolve('wrong token'), 'Vault');
    await assert.rejects(vault.open({ ...keys()[0]!, enc: 'vault:v1:abcd' }), (error) => {
      assert.ok(error instanceof SluiceError);
      assert.match(error.message, /Vault can't decrypt the data key: http:\S+ answered 403/);
      assert.doesNotMatch(error.message, /wrong token|abcd/);
      return true;
    });
  });
});

/** What the services answer to whoever asks as they want to be asked; undefined is a refusal. */
function answerTo({ path, headers, body }: Asked, url: string): object | string | undefined {
  if (path === '/' && isSigned({ path, headers, body }, url, own, 'sts')) return body.includes('AssumeRole') ? roleAnswer : undefined;
  if (path === '/') return kmsAnswer({ path, headers, body }, url);
  const question = JSON.parse(body) as Record<string, string>;
  if (path.startsWith('/v1/teams/transit/')) {
    if (headers['x-vault-token'] !== 'vault token') return undefined;
    if (path.endsWith('/encrypt/main')) return { data: { ciphertext: `vault:v1:${flipped(question['plaintext']!)}` } };
    return { data: { plaintext: flipped(question['ciphertext']!.replace('vault:v1:', '')) } };
  }
  if (path.startsWith(`/v1/${resourceId}:`)) {
    if (headers.authorization !== 'Bearer google token') return undefined;
    return path.endsWith(':encrypt') ? { ciphertext: flipped(question['plaintext']!) } : { plaintext: flipped(question['ciphertext']!) };
  }
  const azure = /^\/keys\/main\/7\/(?:encrypt|decrypt)\?api-version=7\.4$/.test(path) && headers.authorization === 'Bearer azure token';
  return azure && question['alg'] === 'RSA-OAEP-256' ? { value: flipped(question['value']!, 'base64url') } : undefined;
}

function kmsAnswer(question: Asked, url: string): object | undefined {
  const fields = JSON.parse(question.body) as Record<string, string> & { EncryptionContext?: object };
  const keys = fields.EncryptionContext === undefined ? ofRole : own;
  if (!isSigned(question, url, keys, 'kms') || fields['KeyId'] !== arn) return undefined;
  if (question.headers['x-amz-target'] === 'TrentService.Encrypt') return { CiphertextBlob: flipped(fields['Plaintext']!) };
  return { Plaintext: flipped(fields['CiphertextBlob']!) };
}

const roleAnswer = `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>secret of the role</SecretAccessKey>
<SessionToken>session</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

/** Whether a request is signed by these keys, all of its headers that are said to be. */
function isSigned({ path, headers, body }: Asked, url: string, keys: typeof own, service: string): boolean {
  const time = String(headers['x-amz-date']).replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const names = /SignedHeaders=([^,]+)/.exec(String(headers.authorization))?.[1]?.split(';') ?? [];
  const added = new Set(['host', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token']);
  const given = Object.fromEntries(names.filter((name) => !added.has(name)).map((name) => [name, String(headers[name])]));
  const expected = signedHeaders(
    { method: 'POST', url: new URL(path, url), headers: given, body },
    keys,
    'eu-west-1',
    new Date(time),
    service,
  );
  return expected['authorization'] === headers.authorization;
}
