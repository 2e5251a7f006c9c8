import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import { parseIpAddress } from './ip-address.js';

describe('IP addresses', () => {
  const addresses =
    '10.0.0.1 255.255.255.255 256.0.0.1 1.2.3 1.2.3.4.5 01.2.3.4 :: ::1 1:: fe80::1:2 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 ::ffff:1.2.3.4 1::2::3 12345:: g::1 ::1.2.3 1:2:3:4:5:6:7::';
  for (const address of [...addresses.split(' '), '', ' ::1', 'localhost', ':']) {
    test(JSON.stringify(address), () => assert.equal(parseIpAddress(address)?.length, { 0: undefined, 4: 4, 6: 16 }[isIP(address)]));
  }

  test('the bytes are those of the groups', () => {
    assert.equal(parseIpAddress('2001:db8::a:1.2.3.4')?.toString('hex'), '20010db8000000000000000a01020304');
  });
});
