import assert from 'node:assert/strict';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { mock, test } from 'node:test';
import { guardedLookup, refuseLinkLocal } from './link-local.js';

const written: readonly [address: string, isRefused: boolean][] = [
  ['http://169.254.169.254/latest/meta-data', true],
  ['http://2852039166', true],
  ['http://0xA9FEA9FE', true],
  ['http://0251.0376.0251.0376', true],
  ['http://169.254.43518', true],
  ['http://[::ffff:169.254.169.254]', true],
  ['http://[::ffff:a9fe:a9fe]', true],
  ['http://[fe80::1]', true],
  ['http://[febf::1]', true],
  ['http://[fd00:ec2::254]', true],
  ['http://127.0.0.1', false],
  ['http://10.0.0.1', false],
  ['http://[fd00::1]', false],
  ['http://169.253.255.255', false],
  ['http://metadata.example', false],
];
for (const [address, isRefused] of written) {
  test(`${address} is ${isRefused ? 'refused' : 'let through'}`, () => {
    const url = new URL(address);
    if (isRefused) assert.throws(() => refuseLinkLocal(url), { reason: 'SourceSettingsInvalid' });
    else refuseLinkLocal(url);
  });
}

test('a name is judged by what it resolves to at each connection, all of its addresses', async () => {
  let addresses: readonly string[] = [];
  // Another resolver for a moment: what a name resolves to is not ours to say otherwise.
  const resolver = mock.method(dns, 'lookup', (_: string, __: object, done: (error: null, found: object[]) => void) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    ),
  );
  syncBuiltinESMExports();
  const resolve = (...now: readonly string[]): Promise<unknown> => {
    addresses = now;
    return new Promise((settle, reject) => {
      guardedLookup('rebinding.example', { all: true }, (error, found) => (error === null ? settle(found) : reject(error)));
    });
  };
  try {
    assert.deepEqual(await resolve('10.0.0.1'), [{ address: '10.0.0.1', family: 4 }]);
    await assert.rejects(resolve('169.254.169.254'), /rebinding\.example \(169\.254\.169\.254\) is a link-local address/);
    await assert.rejects(resolve('10.0.0.1', 'fe80::1'), /link-local/);
    assert.deepEqual(await resolve('10.0.0.1'), [{ address: '10.0.0.1', family: 4 }]);
  } finally {
    resolver.mock.restore();
    syncBuiltinESMExports();
  }
});
