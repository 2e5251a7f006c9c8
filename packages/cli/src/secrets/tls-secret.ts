import { createPrivateKey, X509Certificate } from 'node:crypto';
import { errorMessage } from '@sluice/core';
import { secretOf, type PlainSecret, type SecretName } from './secret.js';

/** What is in a Secret for TLS, in PEM; empty where there is none. */
export interface TlsMaterial {
  /** Of the authority that the other side's certificate is checked with. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A Secret with an authority, a certificate and its key, or all of them. A pair that is none is refused here: later it would be a failed handshake. */
export function tlsSecret(name: SecretName, { ca, certificate, key }: TlsMaterial): PlainSecret {
  if (certificate !== '' && key === '')
    throw new Error('found tls.crt but missing tls.key: give both of --tls-crt-file and --tls-key-file');
  if (key !== '' && certificate === '')
    throw new Error('found tls.key but missing tls.crt: give both of --tls-crt-file and --tls-key-file');
  if (ca === '' && certificate === '')
    throw new Error('no CA certificate or client certificate pair found: give --ca-crt-file, or --tls-crt-file and --tls-key-file');
  const fault = certificate === '' ? undefined : faultOfPair(certificate, key);
  if (fault !== undefined) throw new Error(`invalid TLS certificate and key pair: tls: ${fault}`);
  return secretOf(name, { 'ca.crt': ca, 'tls.crt': certificate, 'tls.key': key }, certificate === '' ? 'Opaque' : 'kubernetes.io/tls');
}

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/** What is wrong with a certificate and its key, in the words of Go's crypto/tls. */
function faultOfPair(certificate: string, key: string): string | undefined {
  const [ofCertificate, ofKey] = [labelsOf(certificate), labelsOf(key)];
  if (ofCertificate.length === 0) return 'failed to find any PEM data in certificate input';
  if (!ofCertificate.includes('CERTIFICATE')) {
    const missing = 'failed to find certificate PEM data in certificate input';
    return ofCertificate.some(isKey) ? `${missing}, but did find a private key; PEM inputs may have been switched` : missing;
  }
  if (ofKey.length === 0) return 'failed to find any PEM data in key input';
  if (!ofKey.some(isKey)) {
    return ofKey.includes('CERTIFICATE')
      ? 'found a certificate rather than a key in the PEM for the private key'
      : 'failed to find PEM block with type ending in "PRIVATE KEY" in key input';
  }
  try {
    // A chain begins with the certificate that the key is of.
    const isPair = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return isPair ? undefined : 'private key does not match public key';
  } catch (error) {
    return errorMessage(error);
  }
}

/** What the blocks of a PEM text are of. */
function labelsOf(text: string): string[] {
  return Array.from(text.matchAll(PEM), ([, label = '']) => label);
}

function isKey(label: string): boolean {
  return label.endsWith('PRIVATE KEY');
}
