import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { failing } from '../testing/failing.js';
import { listen, type TestServer } from '../testing/https-server.js';
import { digestOf, memoryRegistry, pushImage } from '../testing/registry.js';
import { keyedBundle, makeSigstore, type TestIdentity } from '../testing/sigstore.js';
import { createOciClient, type OciClient } from './client.js';
import { verifyCosign, verifyCosignKeyless } from './cosign.js';

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const simpleType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const sigstore = makeSigstore();
const trust = { trustedRoot: sigstore.trustedRoot, identities: [{ issuer: '^https://issuer\\.example$', subject: '/team/' }] };

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const publicPem = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
const payloadOf = (digest: string): Buffer =>
  Buffer.from(
    JSON.stringify({ critical: { identity: {}, image: { 'docker-manifest-digest': digest }, type: 'cosign container image signature' } }),
  );

const unsigned = (why: RegExp) =>
  failing('SignatureInvalid', new RegExp(`^no matching signatures were found for '[^']+@sha256:[0-9a-f]{64}': ${why.source}`));

for (const referrers of [true, false]) {
  describe(`signatures in a registry ${referrers ? 'with' : 'without'} a list of referrers`, () => {
    const memory = memoryRegistry({ referrers });
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

    /** What cosign 3 pushes; registries without a list get a tag in its place. */
    const attach = async (digest: string, bundle: unknown): Promise<void> => {
      const content = Buffer.from(JSON.stringify(bundle));
      const config = { mediaType: 'application/vnd.oci.empty.v1+json', content: Buffer.from('{}') };
      const pushed = await client.push({ tag: 'scratch', config, layers: [{ mediaType: bundleType, content }] });
      const { bytes } = await client.manifest(pushed);
      const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 };
      const manifest = Buffer.from(JSON.stringify({ ...(JSON.parse(bytes.toString()) as object), artifactType: bundleType, subject }));
      const type = 'application/vnd.oci.image.manifest.v1+json';
      memory.manifests.set(`team/app:${digestOf(manifest)}`, { type, bytes: manifest });
      if (referrers) return;
      const manifests = [{ mediaType: type, digest: digestOf(manifest), size: manifest.length, artifactType: bundleType }];
      const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }));
      memory.manifests.set(`team/app:${digest.replace(':', '-')}`, { type: 'application/vnd.oci.image.index.v1+json', bytes: index });
    };
    const attachSimple = (digest: string, payload: Buffer, annotations: Readonly<Record<string, string>>) =>
      client.push({
        tag: `${digest.replace(':', '-')}.sig`,
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', content: Buffer.from('{}') },
        layers: [{ mediaType: simpleType, content: payload, annotations }],
      });
    for (const format of ['cosign 2', 'cosign 3'] as const) {
      const signKeyless = async (digest: string, identity?: TestIdentity, about = digest): Promise<void> => {
        if (format === 'cosign 3') await attach(digest, sigstore.bundle(about, identity));
        else await attachSimple(digest, payloadOf(about), sigstore.simple(payloadOf(about), identity));
      };

      test(`${format}, keyless: the identity is the one that is wanted`, async () => {
        const digest = await pushImage(client);
        await assert.rejects(verifyCosignKeyless(client, digest, trust), unsigned(/it is not signed$/));
        await signKeyless(digest);
        const signer = { issuer: 'https://issuer.example', subject: 'https://ci.example/team/app' };
        assert.deepEqual(await verifyCosignKeyless(client, digest, trust), signer);
        assert.deepEqual(await verifyCosignKeyless(client, digest, { ...trust, identities: [] }), signer);
        const identities = [{ issuer: '.*', subject: '/other/' }];
        await assert.rejects(
          verifyCosignKeyless(client, digest, { ...trust, identities }),
          unsigned(
            /none of the expected identities matched .* got subject "https:\/\/ci.example\/team\/app" with issuer "https:\/\/issuer.example"/,
          ),
        );
        await assert.rejects(
          verifyCosignKeyless(client, digest, { ...trust, identities: [{ issuer: '(', subject: '' }] }),
          failing('RegexInvalid', /malformed issuer in identity: \(/),
        );
      });

      test(`${format}, keyless: refused is what no trusted authority or log vouches for`, async () => {
        const digest = await pushImage(client);
        await signKeyless(digest);
        await assert.rejects(
          verifyCosignKeyless(client, digest, { ...trust, trustedRoot: makeSigstore().trustedRoot }),
          unsigned(/Failed to verify certificate chain/),
        );
        const unlogged = await pushImage(client);
        await signKeyless(unlogged, { unlogged: true });
        await assert.rejects(verifyCosignKeyless(client, unlogged, trust), unsigned(/expected 1 SCTs, got 0/));
        const late = await pushImage(client);
        await signKeyless(late, { until: new Date('2026-01-01T00:01:00Z') });
        await assert.rejects(
          verifyCosignKeyless(client, late, trust),
          unsigned(/Failed to verify certificate chain: certificate is not valid or expired/),
        );
        const other = await pushImage(client);
        await signKeyless(other, {}, digest);
        await assert.rejects(verifyCosignKeyless(client, other, trust), unsigned(/the signature .*is of something else/));
        await assert.rejects(
          verifyCosignKeyless(client, digest, { ...trust, trustedRoot: '{' }),
          failing('SourceSettingsInvalid', /^unable to parse trusted root/),
        );
      });
    }

    test('cosign 3, with a key', async () => {
      const [own, other] = [newKey(), newKey()];
      const digest = await pushImage(client);
      await attach(digest, keyedBundle(digest, own));
      const keys = { 'other.pub': publicPem(other), 'own.pub': publicPem(own) };
      assert.equal(await verifyCosign(client, digest, keys), 'own.pub');
      await assert.rejects(
        verifyCosign(client, digest, { 'other.pub': publicPem(other) }),
        unsigned(/no signature is by one of the trusted keys/),
      );
      await assert.rejects(verifyCosignKeyless(client, digest, trust), unsigned(/it is signed by a key, not by a certificate/));
      const copied = await pushImage(client);
      await attach(copied, keyedBundle(digest, own));
      await assert.rejects(verifyCosign(client, copied, keys), unsigned(/no signature is by/));
      const keyless = await pushImage(client);
      await attach(keyless, sigstore.bundle(keyless));
      await assert.rejects(verifyCosign(client, keyless, keys), unsigned(/no signature is by/));
    });

    test('what is changed after it was signed is refused', async () => {
      const digest = await pushImage(client);
      const bundle = sigstore.bundle(digest) as { dsseEnvelope: { payload: string } };
      const victim = await pushImage(client);
      const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString().replace(digest.slice(7), victim.slice(7));
      await attach(victim, { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, payload: Buffer.from(payload).toString('base64') } });
      await assert.rejects(verifyCosignKeyless(client, victim, trust), unsigned(/.*mismatch|.*failed/));

      const simple = await pushImage(client);
      const annotations = sigstore.simple(payloadOf(simple));
      const log = JSON.parse(annotations['dev.sigstore.cosign/bundle'] ?? '') as { Payload: { integratedTime: number } };
      log.Payload.integratedTime += 1;
      await attachSimple(simple, payloadOf(simple), { ...annotations, 'dev.sigstore.cosign/bundle': JSON.stringify(log) });
      await assert.rejects(verifyCosignKeyless(client, simple, trust), unsigned(/inclusion promise could not be verified/));
      await attachSimple(simple, payloadOf(simple), { ...annotations, 'dev.sigstore.cosign/bundle': '' });
      await assert.rejects(verifyCosignKeyless(client, simple, trust), unsigned(/it does not carry the entry of a transparency log/));
    });

    test('a signature that is none does not hide a good one', async () => {
      const key = newKey();
      const digest = await pushImage(client);
      await attach(digest, { hello: 'world' });
      const payload = payloadOf(digest);
      await attachSimple(digest, payload, { 'dev.cosignproject.cosign/signature': sign('sha256', payload, key).toString('base64') });
      assert.equal(await verifyCosign(client, digest, { 'cosign.pub': publicPem(key) }), 'cosign.pub');
      await attachSimple(digest, payload, sigstore.simple(payload));
      assert.equal((await verifyCosignKeyless(client, digest, trust)).issuer, 'https://issuer.example');
    });
  });
}
