import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { x509 } from '@sluice/core';

/** Who asks for a certificate, and what is odd about it. */
export interface TestIdentity {
  readonly issuer?: string;
  readonly subject?: string;
  /** Leaves out the certificate log's word. */
  readonly unlogged?: boolean;
  readonly until?: Date;
}

/** An authority that gives certificates to identities, a log of certificates, and a log of signatures. */
export interface TestSigstore {
  /** The text of its trusted_root.json. */
  readonly trustedRoot: string;
  /** The annotations of a signature as cosign 2 makes it. */
  simple(payload: Buffer, identity?: TestIdentity): Record<string, string>;
  /** A bundle as cosign 3 makes it: a statement about a digest in an envelope. */
  bundle(digest: string, identity?: TestIdentity): unknown;
}

const from = new Date('2026-01-01T00:00:00Z');
const signed = new Date('2026-01-01T00:05:00Z');
const until = new Date('2026-01-01T00:10:00Z');

export function makeSigstore(): TestSigstore {
  const [authority, certificateLog, signatureLog] = [makeKey(), makeKey(), makeKey()];
  const name = x509.distinguishedName({ name: 'test fulcio' });
  const ca = x509.issueCertificate({
    serial: randomBytes(8),
    subject: name,
    key: authority,
    issuer: { name, key: authority },
    from,
    until: new Date('2036-01-01T00:00:00Z'),
    extensions: [x509.basicConstraints(true), x509.keyUsage('keyCertSign', 'cRLSign')],
  });
  const issue = (key: KeyObject, identity: TestIdentity): string => {
    const { issuer = 'https://issuer.example', subject = 'https://ci.example/team/app' } = identity;
    const extensions = [
      extension('2.5.29.37', x509.sequence(x509.oid('1.3.6.1.5.5.7.3.3'))),
      extension('2.5.29.17', x509.sequence(Buffer.concat([Buffer.from([0x86, subject.length]), Buffer.from(subject)]))),
      extension('1.3.6.1.4.1.57264.1.8', Buffer.concat([Buffer.from([0x0c, issuer.length]), Buffer.from(issuer)])),
    ];
    const request = {
      serial: randomBytes(8),
      subject: x509.sequence(),
      key,
      issuer: { name, key: authority },
      from,
      until: identity.until ?? until,
    };
    if (identity.unlogged === true) return x509.issueCertificate({ ...request, extensions });
    const [certificate] = x509.readAll(derOf(x509.issueCertificate({ ...request, extensions })));
    const [body] = x509.readAll(certificate?.content ?? Buffer.alloc(0));
    const timestamps = listed(listed(certificateTimestamp(certificateLog, authority, body?.bytes ?? Buffer.alloc(0))));
    return x509.issueCertificate({ ...request, extensions: [...extensions, extension('1.3.6.1.4.1.11129.2.4.2', octets(timestamps))] });
  };
  const logged = (kind: string, spec: unknown) => {
    const body = Buffer.from(JSON.stringify({ apiVersion: '0.0.1', kind, spec })).toString('base64');
    const logID = logIdOf(signatureLog).toString('hex');
    const entry = { body, integratedTime: signed.getTime() / 1000, logID, logIndex: 7 };
    // The fields are in their order already.
    return { entry, promise: sign('sha256', Buffer.from(JSON.stringify(entry)), signatureLog).toString('base64') };
  };

  return {
    trustedRoot: JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [trustedLog(signatureLog, 'https://rekor.example')],
      certificateAuthorities: [
        {
          subject: {},
          uri: 'https://fulcio.example',
          certChain: { certificates: [{ rawBytes: derOf(ca).toString('base64') }] },
          validFor: { start: from },
        },
      ],
      ctlogs: [trustedLog(certificateLog, 'https://ct.example')],
      timestampAuthorities: [],
    }),
    simple(payload, identity = {}) {
      const key = makeKey();
      const signature = sign('sha256', payload, key).toString('base64');
      const certificate = issue(key, identity);
      const { entry, promise } = logged('hashedrekord', {
        data: { hash: { algorithm: 'sha256', value: createHash('sha256').update(payload).digest('hex') } },
        signature: { content: signature, publicKey: { content: Buffer.from(certificate).toString('base64') } },
      });
      return {
        'dev.cosignproject.cosign/signature': signature,
        'dev.sigstore.cosign/certificate': certificate,
        'dev.sigstore.cosign/chain': ca,
        'dev.sigstore.cosign/bundle': JSON.stringify({ SignedEntryTimestamp: promise, Payload: entry }),
      };
    },
    bundle(digest, identity = {}) {
      const key = makeKey();
      const envelope = statementEnvelope(digest, key);
      const certificate = derOf(issue(key, identity)).toString('base64');
      const payload = Buffer.from(envelope.payload, 'base64');
      const { entry, promise } = logged('dsse', {
        payloadHash: { algorithm: 'sha256', value: createHash('sha256').update(payload).digest('hex') },
        signatures: [{ signature: envelope.signatures[0]?.sig, verifier: certificate }],
      });
      return {
        // A version whose entries need no proof beyond the log's promise.
        mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
        verificationMaterial: {
          x509CertificateChain: { certificates: [{ rawBytes: certificate }] },
          tlogEntries: [
            {
              logIndex: String(entry.logIndex),
              logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
              kindVersion: { kind: 'dsse', version: '0.0.1' },
              integratedTime: String(entry.integratedTime),
              inclusionPromise: { signedEntryTimestamp: promise },
              canonicalizedBody: entry.body,
            },
          ],
        },
        dsseEnvelope: envelope,
      };
    },
  };
}

/** A bundle that is signed by a key. */
export function keyedBundle(digest: string, key: KeyObject): unknown {
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: 'any' }, tlogEntries: [] },
    dsseEnvelope: statementEnvelope(digest, key),
  };
}

function statementEnvelope(digest: string, key: KeyObject) {
  const [algorithm = '', hex = ''] = digest.split(':');
  const payload = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { [algorithm]: hex } }],
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      predicate: {},
    }),
  );
  const payloadType = 'application/vnd.in-toto+json';
  const what = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
  return {
    payload: payload.toString('base64'),
    payloadType,
    signatures: [{ sig: sign('sha256', what, key).toString('base64'), keyid: '' }],
  };
}

function makeKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function logIdOf(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(x509.publicKeyInfo(createPublicKey(key)))
    .digest();
}

function trustedLog(key: KeyObject, baseUrl: string) {
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: x509.publicKeyInfo(createPublicKey(key)).toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start: from },
    },
    logId: { keyId: logIdOf(key).toString('base64') },
  };
}

/** RFC 6962: what the log of certificates signs when it is shown one that lacks its word. */
function certificateTimestamp(log: KeyObject, issuer: KeyObject, body: Buffer): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(signed.getTime()));
  const length = Buffer.from([body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff]);
  const entry = [Buffer.from([0, 1]), logIdOf(issuer), length, body, Buffer.from([0, 0])];
  const signature = sign('sha256', Buffer.concat([Buffer.from([0, 0]), time, ...entry]), log);
  return Buffer.concat([Buffer.from([0]), logIdOf(log), time, Buffer.from([0, 0]), Buffer.from([4, 3]), listed(signature)]);
}

/** Bytes after their length, as TLS writes them. */
function listed(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function extension(id: string, value: Buffer): Buffer {
  return x509.sequence(x509.oid(id), octets(value));
}

function octets(content: Buffer): Buffer {
  const head = content.length < 128 ? [4, content.length] : [4, 0x81, content.length];
  return Buffer.concat([Buffer.from(head), content]);
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
}
