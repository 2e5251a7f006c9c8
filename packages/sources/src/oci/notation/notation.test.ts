import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { x509 } from '@sluice/core';
import { failing } from '../../testing/failing.js';
import { listen, type TestServer } from '../../testing/https-server.js';
import { digestOf, memoryRegistry, pushImage } from '../../testing/registry.js';
import { createOciClient, type OciClient } from '../client.js';
import { writeBytes, writeList, writeText } from './cbor.js';
import { parseTrustPolicy } from './policy.js';
import { certificateSubject, isSubject, parseIdentity } from './subject.js';
import { verifyNotation } from './verify.js';

const from = new Date('2026-01-01T00:00:00Z');
const until = new Date('2027-01-01T00:00:00Z');
const now = (): number => Date.parse('2026-06-01T00:00:00Z');
const header = (name: string): string => `io.cncf.notary.${name}`;

interface Signer {
  readonly key: KeyObject;
  readonly chain: readonly string[];
}

const attribute = (last: number, value: string): Buffer =>
  Buffer.concat([Buffer.from([0x31]), lengthOf(x509.sequence(x509.oid(`2.5.4.${last}`), text(value)))]);

/** C=US, ST=WA, O=acme, CN=…: the attributes that notation asks for. */
function subject(name: string): Buffer {
  return x509.sequence(attribute(6, 'US'), attribute(8, 'WA'), attribute(10, 'acme'), attribute(3, name));
}
const lengthOf = (content: Buffer): Buffer => Buffer.concat([Buffer.from([content.length]), content]);
const text = (value: string): Buffer => Buffer.concat([Buffer.from([0x0c]), lengthOf(Buffer.from(value))]);

const key = (kind: 'ec' | 'rsa'): KeyObject =>
  kind === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    : generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

const authorityKey = key('ec');
const issue = (
  name: string,
  own: KeyObject,
  issuer: { name: string; key: KeyObject },
  extensions: readonly Buffer[],
  end = until,
): string =>
  x509.issueCertificate({
    serial: randomBytes(8),
    subject: subject(name),
    key: own,
    issuer: { name: subject(issuer.name), key: issuer.key },
    from,
    until: end,
    extensions,
  });
const root = issue('root', authorityKey, { name: 'root', key: authorityKey }, [x509.basicConstraints(true), x509.keyUsage('keyCertSign')]);

function makeSigner(kind: 'ec' | 'rsa' = 'ec', extensions: readonly Buffer[] = [x509.keyUsage('digitalSignature')], end = until): Signer {
  const own = key(kind);
  return { key: own, chain: [issue('signer', own, { name: 'root', key: authorityKey }, extensions, end), root] };
}

interface Envelope {
  readonly target?: object;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly algorithm?: string;
  /** Makes the envelope. Default: in JWS. */
  readonly make?: (target: object, signer: Signer) => Buffer;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What `notation sign` makes. */
function envelopeOf(target: object, { key: own, chain }: Signer, { attributes = {}, algorithm }: Envelope = {}): Buffer {
  const isRsa = own.asymmetricKeyType === 'rsa';
  const payload = encode({ targetArtifact: target });
  const protectedHeader = encode({
    alg: algorithm ?? (isRsa ? 'PS256' : 'ES256'),
    cty: 'application/vnd.cncf.notary.payload.v1+json',
    crit: [header('signingScheme')],
    [header('signingScheme')]: 'notary.x509',
    [header('signingTime')]: '2026-05-01T00:00:00Z',
    ...attributes,
  });
  const options = isRsa
    ? { key: own, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    : { key: own, dsaEncoding: 'ieee-p1363' as const };
  const signature = sign('sha256', Buffer.from(`${protectedHeader}.${payload}`), options).toString('base64url');
  const x5c = chain.map((certificate) => certificate.replaceAll(/-----[^-]+-----|\s/g, ''));
  return Buffer.from(JSON.stringify({ payload, protected: protectedHeader, header: { x5c }, signature }));
}

const map = (entries: readonly (readonly [Buffer, Buffer])[]): Buffer =>
  Buffer.concat([Buffer.from([0xa0 + entries.length]), ...entries.flat()]);

/** The same in COSE, with a tag that says so. */
function coseOf(target: object, { key: own, chain }: Signer): Buffer {
  const isRsa = own.asymmetricKeyType === 'rsa';
  const seconds = Buffer.alloc(6, 0xc1);
  seconds[1] = 0x1a;
  seconds.writeUInt32BE(Date.parse('2026-05-01T00:00:00Z') / 1000, 2);
  const protectedHeader = map([
    [Buffer.from([1]), isRsa ? Buffer.from([0x38, 36]) : Buffer.from([0x26])],
    [Buffer.from([2]), writeList([writeText(header('signingScheme'))])],
    [Buffer.from([3]), writeText('application/vnd.cncf.notary.payload.v1+json')],
    [writeText(header('signingScheme')), writeText('notary.x509')],
    [writeText(header('signingTime')), seconds],
  ]);
  const payload = Buffer.from(JSON.stringify({ targetArtifact: target }));
  const signed = writeList([writeText('Signature1'), writeBytes(protectedHeader), writeBytes(Buffer.alloc(0)), writeBytes(payload)]);
  const options = isRsa
    ? { key: own, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    : { key: own, dsaEncoding: 'ieee-p1363' as const };
  const certificates = chain.map((each) => writeBytes(Buffer.from(each.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')));
  const unprotected = map([[Buffer.from([0x18, 33]), writeList(certificates)]]);
  return Buffer.concat([
    Buffer.from([0xd2]),
    writeList([writeBytes(protectedHeader), unprotected, writeBytes(payload), writeBytes(sign('sha256', signed, options))]),
  ]);
}

const policy = (changes: Readonly<Record<string, unknown>> = {}, level: object = { level: 'strict' }): string =>
  JSON.stringify({
    version: '1.0',
    trustPolicies: [
      { name: 'all', registryScopes: ['*'], signatureVerification: level, trustStores: ['ca:acme'], trustedIdentities: ['*'], ...changes },
    ],
  });

const refused = (why: RegExp) => failing('SignatureInvalid', why);

describe('signatures of notation', () => {
  const memory = memoryRegistry();
  let server: TestServer;
  let client: OciClient;
  before(async () => {
    server = await listen(memory.handler);
    client = createOciClient({ url: `oci://127.0.0.1:${server.port}/team/app` });
  });
  after(async () => {
    await client.close();
    await server.close();
    assert.deepEqual(memory.unknown, []);
  });

  /** An image, and its signature. */
  async function signed(signer: Signer, envelope: Envelope = {}, type = 'application/jose+json'): Promise<string> {
    const digest = await pushImage(client);
    const { mediaType, bytes } = await client.manifest(digest);
    const content = (envelope.make ?? envelopeOf)(envelope.target ?? { mediaType, digest, size: bytes.length }, signer, envelope);
    memory.blobs.set(digestOf(content), content);
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        artifactType: 'application/vnd.cncf.notary.signature',
        config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 },
        layers: [{ mediaType: type, digest: digestOf(content), size: content.length }],
        subject: { mediaType, digest, size: bytes.length },
      }),
    );
    memory.manifests.set(`team/app:${digestOf(manifest)}`, { type: mediaType, bytes: manifest });
    return digest;
  }
  const check = (digest: string, trustPolicy = policy(), certificates: readonly string[] = [root]) =>
    verifyNotation(client, digest, { trustPolicy, certificates: certificates.map((each) => Buffer.from(each)), now });

  test('count when they are by a certificate of a trust store', async () => {
    assert.equal(await check(await signed(makeSigner())), 'trusted');
    assert.equal(await check(await signed(makeSigner('rsa'))), 'trusted');
    const alone = key('ec');
    const selfSigned = issue('signer', alone, { name: 'signer', key: alone }, [x509.keyUsage('digitalSignature')]);
    assert.equal(await check(await signed({ key: alone, chain: [selfSigned] }), policy(), [selfSigned]), 'trusted');
    const authority = await signed(makeSigner(), {
      attributes: {
        crit: [header('signingScheme'), header('authenticSigningTime')],
        [header('signingScheme')]: 'notary.x509.signingAuthority',
        [header('signingTime')]: undefined,
        [header('authenticSigningTime')]: '2026-05-01T00:00:00Z',
      },
    });
    assert.equal(await check(authority, policy({ trustStores: ['signingAuthority:acme'] })), 'trusted');
    await assert.rejects(check(authority), refused(/no trusted certificates are found/));
  });

  test('may be in COSE', async () => {
    for (const kind of ['ec', 'rsa'] as const)
      assert.equal(await check(await signed(makeSigner(kind), { make: coseOf }, 'application/cose')), 'trusted');
    const { chain } = makeSigner();
    await assert.rejects(
      check(await signed({ key: key('ec'), chain }, { make: coseOf }, 'application/cose')),
      refused(/signature is invalid/),
    );
  });

  test('are by a trusted identity', async () => {
    const digest = await signed(makeSigner());
    assert.equal(await check(digest, policy({ trustedIdentities: ['x509.subject: C=US, S=WA, O=acme, CN=signer'] })), 'trusted');
    await assert.rejects(
      check(digest, policy({ trustedIdentities: ['x509.subject: C=US, ST=WA, O=other'] })),
      refused(/does not match the X.509 trusted identities defined in the trust policy "all"/),
    );
  });

  test('are looked at as the policy says', async () => {
    const unsigned = await client.push({ tag: 'bare', config: { mediaType: 'a/b', content: Buffer.from('{}') }, layers: [] });
    await assert.rejects(check(unsigned), refused(/no signature is associated with "127.0.0.1:\d+\/team\/app@sha256:/));
    assert.equal(await check(unsigned, policy({}, { level: 'skip' })), 'skipped');
    await assert.rejects(check(unsigned, policy({ registryScopes: ['ghcr.io/a/b'] })), refused(/has no applicable trust policy statement/));
    const stranger = key('ec');
    const own = issue('signer', stranger, { name: 'signer', key: stranger }, [x509.keyUsage('digitalSignature')]);
    const digest = await signed({ key: stranger, chain: [own] });
    await assert.rejects(check(digest), refused(/signature is not produced by a trusted signer/));
    assert.equal(await check(digest, policy({}, { level: 'audit' })), 'skipped');
  });

  test('expire, and so do their certificates', async () => {
    const expiring = await signed(makeSigner(), {
      attributes: { crit: [header('signingScheme'), header('expiry')], [header('expiry')]: '2026-05-02T00:00:00Z' },
    });
    await assert.rejects(check(expiring), refused(/digital signature has expired on "Sat, 02 May 2026/));
    assert.equal(await check(expiring, policy({}, { level: 'permissive' })), 'trusted');
    const old = await signed(makeSigner('ec', undefined, new Date('2026-05-15T00:00:00Z')));
    await assert.rejects(check(old), refused(/certificate "CN=signer,O=acme,ST=WA,C=US" is not valid now/));
    assert.equal(await check(old, policy({}, { level: 'strict', override: { authenticTimestamp: 'log' } })), 'trusted');
    await assert.rejects(check(old, policy({ trustStores: ['ca:a', 'tsa:b'] })), refused(/no timestamp countersignature was found/));
  });

  const faults: readonly [string, () => Promise<string>, RegExp][] = [
    [
      'of another image',
      () => signed(makeSigner(), { target: { mediaType: 'a', digest: 'sha256:0', size: 1 } }),
      /content descriptor mismatch/,
    ],
    ['with another algorithm', () => signed(makeSigner(), { algorithm: 'ES384' }), /mismatch between signature algorithm/],
    ['by another key', () => signed({ key: key('ec'), chain: makeSigner().chain }), /signature is invalid/],
    ['in an unknown envelope', () => signed(makeSigner(), {}, 'application/pkcs7'), /unsupported type "application\/pkcs7"/],
    ['in COSE that is none', () => signed(makeSigner(), {}, 'application/cose'), /is no CBOR|no message of COSE/],
    [
      'with an unknown critical header',
      () => signed(makeSigner(), { attributes: { crit: [header('signingScheme'), 'x'], x: 1 } }),
      /"x" is marked critical/,
    ],
    ['without critical headers', () => signed(makeSigner(), { attributes: { crit: [] } }), /not marked as critical/],
    [
      'by a certificate for servers',
      () => signed(makeSigner('ec', [x509.keyUsage('digitalSignature'), x509.extendedKeyUsage('serverAuth')])),
      /extended key usage must not contain 1.3.6.1.5.5.7.3.1/,
    ],
    [
      'by an authority',
      () => signed(makeSigner('ec', [x509.basicConstraints(true), x509.keyUsage('digitalSignature')])),
      /ca field must be set to false/,
    ],
    [
      'by a certificate for everything',
      () => signed(makeSigner('ec', [x509.keyUsage('digitalSignature', 'keyEncipherment')])),
      /must be "Digital Signature" only/,
    ],
    ['by a certificate without usage', () => signed(makeSigner('ec', [])), /key usage extension must be present/],
    [
      'by a chain without its root',
      async () => {
        const { key: own, chain } = makeSigner();
        return await signed({ key: own, chain: chain.slice(0, 1) });
      },
      /not self-signed/,
    ],
    [
      'by a chain that is none',
      async () => {
        const { key: own, chain } = makeSigner();
        const other = key('ec');
        return await signed({
          key: own,
          chain: [
            ...chain.slice(0, 1),
            issue('root', other, { name: 'root', key: other }, [x509.basicConstraints(true), x509.keyUsage('keyCertSign')]),
          ],
        });
      },
      /is not issued by/,
    ],
    [
      'by a certificate that can be revoked',
      () =>
        signed(makeSigner('ec', [x509.keyUsage('digitalSignature'), x509.sequence(x509.oid('2.5.29.31'), Buffer.from([4, 2, 0x30, 0]))])),
      /revocation status is unknown/,
    ],
  ];
  for (const [what, make, why] of faults) {
    test(`are refused: ${what}`, async () => assert.rejects(check(await make()), refused(why)));
  }

  test('may be by certificates that can be revoked, where the policy lets that pass', async () => {
    const list = x509.sequence(x509.oid('2.5.29.31'), Buffer.from([4, 2, 0x30, 0]));
    const digest = await signed(makeSigner('ec', [x509.keyUsage('digitalSignature'), list]));
    assert.equal(await check(digest, policy({}, { level: 'strict', override: { revocation: 'skip' } })), 'trusted');
  });
});

test('a trust policy is checked', () => {
  const wrong: readonly [string, RegExp][] = [
    ['{', /is not JSON/],
    ['{}', /has empty version/],
    ['{"version": "2.0"}', /unsupported version "2.0"/],
    ['{"version": "1.0", "trustPolicies": []}', /zero trust policy statements/],
    [policy({ name: '' }), /missing a name/],
    [policy({ registryScopes: [] }), /zero registry scopes/],
    [policy({ registryScopes: ['*', 'a/b'] }), /wildcard registry scope/],
    [policy({}, {}), /level is empty or missing/],
    [policy({}, { level: 'constructor' }), /invalid signature verification level "constructor"/],
    [policy({}, { level: 'skip', override: { expiry: 'log' } }), /can't be used to customize/],
    [policy({}, { level: 'strict', override: { integrity: 'log' } }), /can not be overridden/],
    [policy({}, { level: 'strict', override: { expiry: 'skip' } }), /"expiry" verification can not be skipped/],
    [policy({}, { level: 'strict', override: { expiry: 'x' } }), /action "x"/],
    [policy({}, { level: 'strict', verifyTimestamp: 'never' }), /verifyTimestamp must be/],
    [policy({ trustStores: [] }), /either missing trust stores or trusted identities/],
    [policy({ trustStores: ['acme'] }), /malformed trust store value "acme"/],
    [policy({ trustStores: ['x:acme'] }), /unsupported trust store type "x"/],
    [policy({ trustStores: ['ca:../x'] }), /unsupported trust store name/],
    [policy({ trustedIdentities: ['*', 'x509.subject:C=US'] }), /wildcard trusted identity/],
    [policy({ trustedIdentities: ['acme'] }), /missing separator/],
    [policy({ trustedIdentities: ['x509.subject:C=US'] }), /no mandatory RDN attribute for "ST"/],
  ];
  for (const [document, message] of wrong)
    assert.throws(() => parseTrustPolicy(document), failing('SourceSettingsInvalid', message), document);
});

test('names of signers are compared attribute by attribute', () => {
  const identity = parseIdentity('C=US, ST=WA, O=Acme\\, Inc., OU=A\\2BB');
  assert.deepEqual(
    [...identity],
    [
      ['C', 'US'],
      ['ST', 'WA'],
      ['O', 'Acme, Inc.'],
      ['OU', 'A+B'],
    ],
  );
  assert(isSubject(identity, certificateSubject('C=US\nST=WA\nL=x\nO=Acme, Inc.\nOU=A+B')));
  assert(!isSubject(identity, certificateSubject('C=US\nST=WA\nO=Acme, Inc.')));
  for (const name of ['C=US, ST=WA', 'C=US, C=DE, ST=WA, O=a', 'C=US+ST=WA, O=a', 'C=#04, ST=WA, O=a', 'US', ''])
    assert.throws(() => parseIdentity(name), name);
});
