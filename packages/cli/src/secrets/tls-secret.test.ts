import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { x509 } from '@sluice/core';
import { tlsSecret } from './tls-secret.js';

const name = { name: 'tls', namespace: 'apps' };
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const certificate = x509.issueCertificate({
  serial: Buffer.from([1]),
  subject: x509.distinguishedName({ name: 'tls' }),
  key: own.publicKey,
  issuer: { name: x509.distinguishedName({ name: 'tls' }), key: own.privateKey },
  from: new Date('2026-01-01T00:00:00Z'),
  until: new Date('2036-01-01T00:00:00Z'),
  extensions: [],
});
const key = pem(own.privateKey);

test('a certificate with its key is a Secret for TLS, an authority alone is not', () => {
  const pair = tlsSecret(name, { ca: '', certificate, key });
  assert.deepEqual([pair.type, Object.keys(pair.stringData ?? {})], ['kubernetes.io/tls', ['tls.crt', 'tls.key']]);
  assert.equal(tlsSecret(name, { ca: certificate, certificate: '', key: '' }).type, 'Opaque');
});

const faults: readonly [why: string, material: { certificate: string; key: string }, message: RegExp][] = [
  ['a certificate without a key', { certificate, key: '' }, /found tls\.crt but missing tls\.key/],
  ['a key without a certificate', { certificate: '', key }, /found tls\.key but missing tls\.crt/],
  ['nothing', { certificate: '', key: '' }, /no CA certificate or client certificate pair found/],
  ['no PEM', { certificate: 'text', key }, /tls: failed to find any PEM data in certificate input/],
  ['the one for the other', { certificate: key, key: certificate }, /tls: .*did find a private key; PEM inputs may have been switched/],
  ['no PEM for a key', { certificate, key: 'text' }, /tls: failed to find any PEM data in key input/],
  ['two certificates', { certificate, key: certificate }, /tls: found a certificate rather than a key/],
  ['the key of another', { certificate, key: pem(other.privateKey) }, /tls: private key does not match public key/],
];
for (const [why, material, message] of faults)
  test(`refused: ${why}`, () => assert.throws(() => tlsSecret(name, { ca: '', ...material }), message));
