import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';
import * as openpgp from 'openpgp';
import { verifyProvenance } from './provenance.js';

const archive = Buffer.from('the archive of a chart');
const digest = createHash('sha256').update(archive).digest('hex');
const text = (sum: string): string => `apiVersion: v2\nname: web\nversion: 1.0.0\n\n...\nfiles:\n  web-1.0.0.tgz: sha256:${sum}\n`;

type Key = { privateKey: openpgp.PrivateKey; publicKey: openpgp.PublicKey };
const keyOf = async (name: string): Promise<Key> => await openpgp.generateKey({ userIDs: [{ name }], format: 'object' });

describe('the provenance of a chart', () => {
  let mine: Key;
  let other: Key;
  const sign = async (content: string): Promise<Buffer> =>
    Buffer.from(await openpgp.sign({ message: await openpgp.createCleartextMessage({ text: content }), signingKeys: mine.privateKey }));
  before(async () => {
    [mine, other] = [await keyOf('me'), await keyOf('other')];
  });

  test('is good when a known key signed the digest of the archive; the ring may be armoured or not', async () => {
    const provenance = await sign(text(digest));
    for (const ring of [Buffer.from(mine.publicKey.armor()), mine.publicKey.write()]) {
      assert.equal(await verifyProvenance(archive, provenance, 'web-1.0.0.tgz', ring), mine.publicKey.getKeyID().toHex().toUpperCase());
    }
  });

  test('is refused otherwise', async () => {
    const ring = mine.publicKey.write();
    const good = await sign(text(digest));
    const altered = Buffer.from(good.toString().replace('name: web', 'name: bad'));
    for (const [provenance, name, keys, message] of [
      [good, 'web-1.0.0.tgz', other.publicKey.write(), /not signed by a key of the key ring/],
      [altered, 'web-1.0.0.tgz', ring, /not signed by a key of the key ring/],
      [good, 'web-2.0.0.tgz', ring, /does not contain a SHA for a file named "web-2.0.0.tgz"/],
      [await sign(text('00')), 'web-1.0.0.tgz', ring, /sha256 sum does not match/],
      [await sign('nothing'), 'web-1.0.0.tgz', ring, /at least two parts/],
      [Buffer.from('nothing'), 'web-1.0.0.tgz', ring, /can't be checked/],
      [good, 'web-1.0.0.tgz', Buffer.from('no keys'), /can't be checked/],
    ] as const) {
      await assert.rejects(verifyProvenance(archive, provenance, name, keys), { reason: 'SignatureInvalid', message });
    }
  });
});
