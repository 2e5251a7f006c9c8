import { createPrivateKey, X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** What Go says of a certificate and a key, as PEM, that do not make a pair; undefined when they do. */
export function keyPairFault(certificate: string, key: string): string | undefined {
  return certificateFault(certificate) ?? keyFault(key) ?? matchFault(certificate, key);
}

function certificateFault(text: string): string | undefined {
  const types = blockTypes(text);
  if (types.includes('CERTIFICATE')) return undefined;
  if (types.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (types.length === 1 && types[0]?.endsWith('PRIVATE KEY') === true) {
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  }
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${types.join(' ')}]`;
}

function keyFault(text: string): string | undefined {
  const types = blockTypes(text);
  if (types.some((type) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'))) return undefined;
  if (types.length === 0) return 'tls: failed to find any PEM data in key input';
  if (types.length === 1 && types[0] === 'CERTIFICATE') {
    return 'tls: found a certificate rather than a key in the PEM for the private key';
  }
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${types.join(' ')}]`;
}

/** What does not parse is not judged: only Go's parser has Go's words for it. */
function matchFault(certificate: string, key: string): string | undefined {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
      ? undefined
      : 'tls: private key does not match public key';
  } catch {
    return undefined;
  }
}

function blockTypes(text: string): string[] {
  return Array.from(text.matchAll(BLOCK), ([, type = '']) => type);
}
