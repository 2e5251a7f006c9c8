import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SshReader, sshNumber, sshString } from './ssh-wire.js';

const cutOff = (): Error => new Error('cut off');

void test('what is written is read again, and nothing beyond its end', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.nat(20), (parts, missing) => {
      const whole = Buffer.concat(parts.map(sshString));
      const reader = new SshReader(whole, cutOff);
      for (const part of parts) assert.deepEqual(reader.string(), Buffer.from(part));
      assert.throws(() => reader.integer(), /cut off/u);
      if (missing === 0 || missing > whole.length) return;
      const short = new SshReader(whole.subarray(0, -missing), cutOff);
      assert.throws(() => parts.forEach(() => short.string()), /cut off/u);
    }),
  );
});

void test('a number is never negative', () => {
  assert.equal(sshNumber(Buffer.from([0x7f])).toString('hex'), '000000017f');
  assert.equal(sshNumber(Buffer.from([0x80, 1])).toString('hex'), '00000003008001');
  assert.equal(sshNumber(Buffer.alloc(0)).toString('hex'), '00000000');
});
