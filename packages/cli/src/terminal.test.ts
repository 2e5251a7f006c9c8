import assert from 'node:assert/strict';
import { test } from 'node:test';
import { terminalOver, watchedTerminal } from './terminal.js';

function written(make: typeof watchedTerminal, environment: Record<string, string>): string {
  let text = '';
  const terminal = make(
    (piece) => (text += piece),
    (piece) => (text += piece),
    environment,
  );
  terminal.action('applying');
  terminal.waiting('waiting for it');
  terminal.success('done');
  terminal.rest?.();
  return text;
}

test('without a terminal progress is plain lines', () => {
  assert.equal(written(terminalOver, {}), '► applying\n◎ waiting for it\n✔ done\n');
});

test('before a person what is waited for moves, and stands as a line when it is over', () => {
  assert.equal(written(watchedTerminal, { NO_COLOR: '1' }), '► applying\n\r\u001B[K◐ waiting for it\r\u001B[K◎ waiting for it\n✔ done\n');
});

test('marks are in colour, unless NO_COLOR is set', () => {
  assert.ok(written(watchedTerminal, {}).includes('\u001B[32m✔\u001B[0m done'));
  assert.ok(!written(watchedTerminal, { NO_COLOR: '1' }).includes('\u001B[3'));
});

test('what comes from a cluster does not drive the terminal', () => {
  for (const make of [terminalOver, watchedTerminal]) {
    let text = '';
    make(
      () => undefined,
      (piece) => (text += piece),
      { NO_COLOR: '1' },
    ).failure('it is \u001B[2J\u0007gone\r\n\tafter \u009B1m');
    assert.equal(text, '✗ it is \\x1b[2J\\x07gone\\x0d\n\tafter \\x9b1m\n');
  }
});
