import { createHash, type KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { TrustedRoot } from '@sigstore/protobuf-specs';
import type { Signer, TrustMaterial, Verifier } from '@sigstore/verify';
import { SluiceError, errorMessage, isJsonObject } from '@sluice/core';
import { RE2JS } from 're2js';
import type { CosignSignature } from './cosign-signatures.js';
import { publicTrustedRoot } from './trusted-root.js';

/** Who may have signed: regular expressions (RE2) that are looked for in the certificate's issuer and subject. */
export interface CosignIdentity {
  readonly issuer: string;
  readonly subject: string;
}

export interface CosignKeylessOptions {
  /** Any of them will do; anybody when there are none. */
  readonly identities: readonly CosignIdentity[];
  /** The authorities and logs that are trusted: a `trusted_root.json`. Default: the public ones of Sigstore. */
  readonly trustedRoot?: string | undefined;
}

/** Whom a certificate was given to, and by whose word. */
export interface CosignSigner {
  readonly issuer: string;
  readonly subject: string;
}

/**
 * Checks a bundle. An attestation must name `digest` as its subject; a plain signature must be of `content`.
 * Throws `SignatureInvalid`.
 */
type BundleVerifier<T> = (bundle: unknown, digest: string | undefined, content: Buffer) => T;

// The libraries are loaded on use: most artifacts are not verified.

/** Bundles that are signed by a key. What a log says of them does not count, as with Flux. */
export async function keyVerifier(key: KeyObject): Promise<BundleVerifier<void>> {
  const { Verifier: Checker } = await import('@sigstore/verify');
  const trust: TrustMaterial = {
    certificateAuthorities: [],
    timestampAuthorities: [],
    tlogs: [],
    ctlogs: [],
    publicKey: () => ({ publicKey: key, validFor: () => true }),
  };
  const verifier = new Checker(trust, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 });
  const check = await bundleChecker();
  return (bundle, digest, content) => void check(verifier, bundle, { digest, content, isKeyed: true });
}

/** Bundles that are signed by an identity: certificate, its log, the signature's log. */
export async function keylessVerifier({ identities, trustedRoot }: CosignKeylessOptions): Promise<BundleVerifier<CosignSigner>> {
  const { Verifier: Checker, toTrustMaterial } = await import('@sigstore/verify');
  const matchers = identities.map(identityMatcher);
  const root = trustedRoot === undefined ? await publicTrustedRoot() : await parseTrustedRoot(trustedRoot);
  const verifier = new Checker(toTrustMaterial(root));
  const check = await bundleChecker();
  return (bundle, digest, content) => {
    const { identity } = check(verifier, bundle, { digest, content, isKeyed: false });
    const signer = { issuer: identity?.extensions?.issuer ?? '', subject: identity?.subjectAlternativeName ?? '' };
    if (matchers.length > 0 && !matchers.some((matches) => matches(signer))) {
      throw refuse(
        `none of the expected identities matched what was in the certificate: got subject ${JSON.stringify(signer.subject)} with issuer ${JSON.stringify(signer.issuer)}`,
      );
    }
    return signer;
  };
}

interface Expected {
  readonly digest: string | undefined;
  readonly content: Buffer;
  readonly isKeyed: boolean;
}

async function bundleChecker(): Promise<(verifier: Verifier, json: unknown, expected: Expected) => Signer> {
  const [{ bundleFromJSON }, { toSignedEntity }] = await Promise.all([import('@sigstore/bundle'), import('@sigstore/verify')]);
  return (verifier, json, { digest, content, isKeyed }) => {
    try {
      const bundle = bundleFromJSON(json);
      if (isKeyed !== (bundle.verificationMaterial.content.$case === 'publicKey')) {
        throw refuse(`it is signed ${isKeyed ? 'by a certificate, not by a key' : 'by a key, not by a certificate'}`);
      }
      // What a log says of a signature by a key is not looked at.
      const entity = toSignedEntity(bundle, content);
      const signer = verifier.verify(isKeyed ? { ...entity, tlogEntries: [], timestamps: [] } : entity);
      if (digest !== undefined) checkStatement(bundle, digest);
      return signer;
    } catch (error) {
      throw error instanceof SluiceError ? error : refuse(withCause(error), error);
    }
  };
}

/** The library says what failed; what it failed of is in the cause. */
function withCause(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${errorMessage(error.cause)}` : '';
  return `${errorMessage(error)}${cause}`.slice(0, 500);
}

/** An attestation is about the subjects that it names. A plain signature is of the bytes that were given. */
function checkStatement({ content }: Bundle, digest: string): void {
  if (content.$case !== 'dsseEnvelope') return;
  const { payload, payloadType } = content.dsseEnvelope;
  let statement: unknown;
  try {
    statement = payloadType === 'application/vnd.in-toto+json' ? JSON.parse(payload.toString('utf8')) : undefined;
  } catch {
    statement = undefined;
  }
  const subjects = isJsonObject(statement) && Array.isArray(statement.subject) ? statement.subject.filter(isJsonObject) : [];
  const [algorithm = '', hex] = digest.split(':');
  const isNamed = subjects.some((subject) => isJsonObject(subject.digest) && hex !== undefined && subject.digest[algorithm] === hex);
  if (!isNamed) throw refuse('the signature is of something else');
}

function identityMatcher({ issuer, subject }: CosignIdentity): (signer: CosignSigner) => boolean {
  const [issuers, subjects] = [compiled(issuer, 'issuer'), compiled(subject, 'subject')];
  return (signer) => issuers.matcher(signer.issuer).find() && subjects.matcher(signer.subject).find();
}

function compiled(pattern: string, what: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new SluiceError('RegexInvalid', `malformed ${what} in identity: ${pattern} : ${errorMessage(error)}`, { cause: error });
  }
}

async function parseTrustedRoot(text: string): Promise<TrustedRoot> {
  const { TrustedRoot: Root } = await import('@sigstore/protobuf-specs');
  try {
    return Root.fromJSON(JSON.parse(text));
  } catch (error) {
    throw new SluiceError('SourceSettingsInvalid', `unable to parse trusted root: ${errorMessage(error)}`, { cause: error });
  }
}

const annotation = (name: string): string => `dev.sigstore.cosign/${name}`;

/** A signature of cosign 2 in the form of a bundle: there is one way to check them. */
export function simpleBundle({ payload, signature, annotations }: Extract<CosignSignature, { format: 'simple' }>): unknown {
  const certificate = annotations[annotation('certificate')];
  if (certificate === undefined) throw refuse('it is signed by a key, not by a certificate');
  const log = parseLogEntry(annotations[annotation('bundle')] ?? '');
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: certificate.replaceAll(/-----[^-]+-----|\s/g, '') }] },
      tlogEntries: [log],
    },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(payload).digest('base64') },
      signature: signature.toString('base64'),
    },
  };
}

function parseLogEntry(text: string): unknown {
  try {
    const { SignedEntryTimestamp: promise, Payload: entry } = JSON.parse(text) as {
      SignedEntryTimestamp: string;
      Payload: { body: string; integratedTime: number; logIndex: number; logID: string };
    };
    const { kind, apiVersion } = JSON.parse(Buffer.from(entry.body, 'base64').toString('utf8')) as { kind: string; apiVersion: string };
    return {
      logIndex: String(entry.logIndex),
      logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
      kindVersion: { kind, version: apiVersion },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp: promise },
      canonicalizedBody: entry.body,
    };
  } catch (error) {
    throw refuse('it does not carry the entry of a transparency log', error);
  }
}

function refuse(why: string, cause?: unknown): SluiceError {
  return new SluiceError('SignatureInvalid', why, cause === undefined ? {} : { cause });
}
