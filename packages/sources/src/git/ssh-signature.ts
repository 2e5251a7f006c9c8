import { createHash, createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { SluiceError, SshReader, sshString } from '@sluice/core';

/** What `ssh-keygen -Y sign -n git` makes, and `git commit -S` with `gpg.format=ssh` embeds. */
interface SshSignature {
  readonly publicKey: Buffer;
  readonly namespace: string;
  readonly hashAlgorithm: string;
  readonly signature: Buffer;
}

const gitNamespace = 'git';

/**
 * Checks an SSH signature over some bytes; returns the fingerprint of the key it was made with (`SHA256:…`), which is one of
 * the lines of the given authorized_keys files. Throws `SignatureInvalid`.
 */
export function verifySshSignature(armored: string, signed: Uint8Array, authorizedKeys: readonly string[]): string {
  const signature = parseSignature(armored);
  const trusted = authorizedKeys.flatMap(parseAuthorizedKeys);
  const isTrusted = trusted.some((key) => key.equals(signature.publicKey));
  if (!isTrusted || signature.namespace !== gitNamespace || !isValid(signature, signed)) {
    throw new SluiceError('SignatureInvalid', 'unable to verify payload with any of the given authorized keys: no matching key');
  }
  return `SHA256:${createHash('sha256').update(signature.publicKey).digest('base64').replace(/=+$/, '')}`;
}

/** The keys of an authorized_keys file, as they go over the wire. Lines may begin with options, which mean nothing here. */
function parseAuthorizedKeys(text: string): Buffer[] {
  return text
    .split('\n')
    .map((line) => /(?:^|\s)(?:ssh-|ecdsa-|sk-)\S+\s+([A-Za-z0-9+/=]+)/.exec(line.trim().replace(/^#.*/, ''))?.[1])
    .filter((key) => key !== undefined)
    .map((key) => Buffer.from(key, 'base64'));
}

function parseSignature(armored: string): SshSignature {
  const body = /-----BEGIN SSH SIGNATURE-----([A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----/.exec(armored)?.[1];
  const reader = new SshReader(Buffer.from(body ?? '', 'base64'), malformed);
  if (reader.bytes(6).toString('latin1') !== 'SSHSIG' || reader.integer() !== 1) throw malformed();
  const publicKey = reader.string();
  const namespace = reader.string().toString('utf8');
  reader.string();
  const hashAlgorithm = reader.string().toString('latin1');
  return { publicKey, namespace, hashAlgorithm, signature: reader.string() };
}

function isValid({ publicKey, namespace, hashAlgorithm, signature }: SshSignature, signed: Uint8Array): boolean {
  if (hashAlgorithm !== 'sha256' && hashAlgorithm !== 'sha512') return false;
  const digest = createHash(hashAlgorithm).update(signed).digest();
  const message = Buffer.concat([
    Buffer.from('SSHSIG'),
    ...[Buffer.from(namespace), Buffer.alloc(0), Buffer.from(hashAlgorithm), digest].map(sshString),
  ]);
  const key = new SshReader(publicKey, malformed);
  const keyType = key.string().toString('latin1');
  const parts = new SshReader(signature, malformed);
  const signatureType = parts.string().toString('latin1');
  const raw = parts.string();
  switch (keyType) {
    case 'ssh-ed25519':
      return signatureType === keyType && verify(null, message, ed25519Key(key.string()), raw);
    case 'ssh-rsa': {
      // SHA-1 signatures, whose type is the key's, are not accepted.
      const hash = signatureType === 'rsa-sha2-512' ? 'sha512' : signatureType === 'rsa-sha2-256' ? 'sha256' : undefined;
      return hash !== undefined && verify(hash, message, rsaKey(key), raw);
    }
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      return signatureType === keyType && verifyEcdsa(keyType.slice(-3), message, key, raw);
    case 'sk-ssh-ed25519@openssh.com': {
      // A security key signs what it saw: the application, whether it was touched, a counter, and the digest.
      const publicPart = key.string();
      const application = createHash('sha256').update(key.string()).digest();
      const seen = Buffer.concat([application, parts.bytes(5), createHash('sha256').update(message).digest()]);
      return signatureType === keyType && verify(null, seen, ed25519Key(publicPart), raw);
    }
    default:
      return false;
  }
}

function verifyEcdsa(bits: string, message: Buffer, key: SshReader, raw: Buffer): boolean {
  key.string();
  const point = key.string();
  const size = (point.length - 1) / 2;
  const jwk = { kty: 'EC', crv: `P-${bits}`, x: url(point.subarray(1, 1 + size)), y: url(point.subarray(1 + size)) };
  const numbers = new SshReader(raw, malformed);
  const fixed = Buffer.concat([numbers.string(), numbers.string()].map((number) => unsigned(number, size)));
  const hash = { 256: 'sha256', 384: 'sha384', 521: 'sha512' }[bits] ?? '';
  return verify(hash, message, { key: publicKeyOf(jwk), dsaEncoding: 'ieee-p1363' }, fixed);
}

function ed25519Key(raw: Buffer): KeyObject {
  return publicKeyOf({ kty: 'OKP', crv: 'Ed25519', x: url(raw) });
}

function rsaKey(key: SshReader): KeyObject {
  const e = key.string();
  return publicKeyOf({ kty: 'RSA', e: url(e), n: url(unsigned(key.string(), 0)) });
}

function publicKeyOf(key: JsonWebKey): KeyObject {
  return createPublicKey({ key, format: 'jwk' });
}

/** A number without its sign byte, filled up to a length. */
function unsigned(number: Buffer, length: number): Buffer {
  const bare = number[0] === 0 ? number.subarray(1) : number;
  return bare.length >= length ? bare : Buffer.concat([Buffer.alloc(length - bare.length), bare]);
}

function url(bytes: Buffer): string {
  return bytes.toString('base64url');
}

function malformed(): SluiceError {
  return new SluiceError('SignatureInvalid', 'unable to unarmor SSH signature: it is malformed');
}
