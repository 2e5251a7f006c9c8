/**
 * Certificates, as far as clusters and charts make them.
 *
 * @module
 */
export {
  alternativeNames,
  authorityKeyIdentifier,
  basicConstraints,
  distinguishedName,
  extendedKeyUsage,
  issueCertificate,
  keyId,
  keyUsage,
  publicKeyInfo,
  subjectKeyIdentifier,
  SUBJECT_KEY_IDENTIFIER,
  type CertificateRequest,
} from './certificate.js';
export { integer, oid, readAll, sequence, type Der, type DerValue } from './der.js';
export { pem, readPem } from './pem.js';
