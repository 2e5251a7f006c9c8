import type { X509Certificate } from 'node:crypto';
import { SluiceError, errorMessage } from '@sluice/core';
import type { OciCall, OciClient } from '../client.js';
import { gatherBlob } from '../gather.js';
import type { OciManifest } from '../manifest.js';
import { isRevocable, isValidAt, readCertificates, shown } from './certificates.js';
import { coseType, openCose } from './cose.js';
import { jwsType, openJws, type SignedContent } from './envelope.js';
import { parseTrustPolicy, statementFor, type NotationCheck, type PolicyStatement } from './policy.js';
import { certificateSubject, isSubject } from './subject.js';

export interface NotationOptions {
  /** The text of a `trustpolicy.json`. */
  readonly trustPolicy: string;
  /** The certificates of all trust stores, in PEM or DER. */
  readonly certificates: readonly Uint8Array[];
  /** The wall clock, in milliseconds. */
  readonly now?: (() => number) | undefined;
}

/** What is read of a registry. */
export type NotationReader = Pick<OciClient, 'manifest' | 'blob' | 'referrers' | 'name'>;

const artifactType = 'application/vnd.cncf.notary.signature';
const openers: ReadonlyMap<string, (content: Buffer) => SignedContent> = new Map([
  [jwsType, openJws],
  [coseType, openCose],
]);
const maxEnvelopeBytes = 4 * 1024 * 1024;
/** As with Flux: who can push to a repository could make others check any number of them. */
const maxSignatures = 3;

/**
 * Checks that a manifest was signed as a trust policy of notation asks for. `skipped` says that the policy asks for
 * nothing, or lets pass what it only notes. Throws `SignatureInvalid` otherwise.
 */
export async function verifyNotation(
  client: NotationReader,
  digest: string,
  { trustPolicy, certificates, now = Date.now }: NotationOptions,
  call: OciCall = {},
): Promise<'trusted' | 'skipped'> {
  const statement = statementFor(parseTrustPolicy(trustPolicy), client.name);
  const { enforcement } = statement;
  if (enforcement === undefined) return 'skipped';
  const trusted = certificates.flatMap(readCertificates);
  const image = await client.manifest(digest, call);
  const signatures = (await client.referrers(digest, call)).filter((referrer) => referrer.artifactType === artifactType);
  if (signatures.length === 0) {
    throw refuse(`no signature is associated with "${client.name}@${digest}", make sure the artifact was signed successfully`);
  }
  const reasons: string[] = [];
  for (const signature of signatures.slice(0, maxSignatures)) {
    try {
      const content = await openSignature(client, signature.digest, call);
      checkTarget(content, image);
      const failures = judge(content, statement, trusted, now());
      const fatal = failures.find(({ check }) => enforcement[check] === 'enforce');
      if (fatal !== undefined) throw refuse(fatal.why);
      // What an unknown signer signed is not called verified, even where that is let pass.
      return failures.some(({ check }) => check === 'authenticity') ? 'skipped' : 'trusted';
    } catch (error) {
      if (!(error instanceof SluiceError) || error.reason !== 'SignatureInvalid') throw error;
      reasons.push(`failed to verify signature with digest ${signature.digest}, ${error.message}`);
    }
  }
  throw refuse(`signature verification failed: ${reasons.join('; ')}`);
}

async function openSignature(client: NotationReader, digest: string, call: OciCall): Promise<SignedContent> {
  const { layers } = await client.manifest(digest, call);
  const [layer] = layers;
  if (layer === undefined || layers.length > 1) throw refuse('signature manifest requires exactly one signature envelope blob');
  const open = openers.get(layer.mediaType);
  if (open === undefined) throw refuse(`its envelope is of the unsupported type ${JSON.stringify(layer.mediaType)}`);
  return open(await gatherBlob(client, layer, maxEnvelopeBytes, call));
}

function checkTarget({ target }: SignedContent, { digest, mediaType, bytes }: OciManifest): void {
  if (target.digest !== digest || target.mediaType !== mediaType || target.size !== bytes.length)
    throw refuse('content descriptor mismatch');
}

interface Failure {
  readonly check: NotationCheck;
  readonly why: string;
}

/** What is wrong with a signature that is good in itself. */
function judge(content: SignedContent, statement: PolicyStatement, trusted: readonly X509Certificate[], now: number): Failure[] {
  const judgements: readonly (readonly [NotationCheck, string | undefined])[] = [
    ['authenticity', authenticityFault(content, statement, trusted)],
    [
      'expiry',
      content.expiry !== undefined && now > content.expiry ? `digital signature has expired on "${printTime(content.expiry)}"` : undefined,
    ],
    ['authenticTimestamp', timestampFault(content, statement, now)],
    ['revocation', revocationFault(content)],
  ];
  return judgements.flatMap(([check, why]) => (why === undefined || statement.enforcement?.[check] === 'skip' ? [] : [{ check, why }]));
}

function authenticityFault(
  { scheme, chain }: SignedContent,
  { name, trustStores, identities }: PolicyStatement,
  trusted: readonly X509Certificate[],
): string | undefined {
  const store = scheme === 'notary.x509' ? 'ca:' : 'signingAuthority:';
  const anchors = trustStores.some((each) => each.startsWith(store)) ? trusted : [];
  if (anchors.length === 0) return 'no trusted certificates are found to verify authenticity';
  if (!chain.some(({ raw }) => anchors.some((anchor) => anchor.raw.equals(raw)))) return 'signature is not produced by a trusted signer';
  if (identities === undefined) return undefined;
  const [leaf] = chain;
  try {
    const subject = certificateSubject(leaf?.subject ?? '');
    if (identities.some((identity) => isSubject(identity, subject))) return undefined;
  } catch (error) {
    return `error while parsing the certificate subject from the digital signature. error : ${errorMessage(error)}`;
  }
  return `signing certificate from the digital signature does not match the X.509 trusted identities defined in the trust policy ${JSON.stringify(name)}`;
}

/** Whether the certificates were good when it was signed: by the word of who signs times, else now. */
function timestampFault(
  { scheme, chain, signingTime, hasTimestamp }: SignedContent,
  statement: PolicyStatement,
  now: number,
): string | undefined {
  if (scheme === 'notary.x509.signingAuthority') {
    const invalid = chain.find((certificate) => !isValidAt(certificate, signingTime));
    return invalid && `certificate ${shown(invalid)} was not valid when the digital signature was produced at "${printTime(signingTime)}"`;
  }
  const invalid = chain.find((certificate) => !isValidAt(certificate, now));
  const wantsTimestamp = statement.trustStores.some((store) => store.startsWith('tsa:'));
  if (wantsTimestamp && (invalid !== undefined || !statement.timestampOnlyAfterExpiry)) {
    return hasTimestamp
      ? 'the timestamp of the signature would have to be checked, which is not supported here: leave the tsa trust store out of the policy'
      : 'no timestamp countersignature was found in the signature envelope';
  }
  return invalid && `certificate ${shown(invalid)} is not valid now, and was valid from "${invalid.validFrom}" to "${invalid.validTo}"`;
}

/** Nobody is asked whether a certificate was revoked; where somebody would have to be, that is said. */
function revocationFault({ chain }: SignedContent): string | undefined {
  const revocable = chain.find(isRevocable);
  return (
    revocable &&
    `signing certificate with subject ${shown(revocable)} revocation status is unknown: lists and responders are not asked here; set "revocation" to "log" or "skip" in the policy's override`
  );
}

function printTime(time: number): string {
  return new Date(time).toUTCString();
}

function refuse(why: string): SluiceError {
  return new SluiceError('SignatureInvalid', why);
}
