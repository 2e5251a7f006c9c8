import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError, withoutCredentials } from './errors.js';

test('credentials in addresses are no part of a message', () => {
  for (const [text, expected] of [
    ['no address', 'no address'],
    ['me@example.com', 'me@example.com'],
    ['https://example.com/a@b', 'https://example.com/a@b'],
    ['https://ada:secret@example.com/x failed', 'https://***@example.com/x failed'],
    ["'https://token@example.com//a?ref=v1'", "'https://***@example.com//a?ref=v1'"],
    ['git::HTTPS://ada:se@cr@et@example.com: no', 'git::HTTPS://***@example.com: no'],
    ['ssh://git@example.com/x', 'ssh://git@example.com/x'],
    ['ssh://git:secret@example.com/x', 'ssh://git:***@example.com/x'],
    ['git@example.com:org/x', 'git@example.com:org/x'],
    ['oci://[::1]:5000/a/b@sha256:0', 'oci://[::1]:5000/a/b@sha256:0'],
    ['http://a:b@x and http://c:d@y', 'http://***@x and http://***@y'],
  ] as const) {
    assert.equal(withoutCredentials(text), expected);
    assert.equal(new SluiceError('BuildRefused', text).message, expected);
  }
});

test('long texts cost little', () => {
  for (const part of ['a.', 'https://', 'a:', 'x://a:', '@', 'x://a:b@', 'https:', "'https://a"]) {
    const started = performance.now();
    withoutCredentials(`${part.repeat(200_000)}@`);
    assert.ok(performance.now() - started < 2000, part);
  }
});
