import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/** More than a pipe holds, a piece at a time. */
const LINES = 50_000;

/** A process that writes all lines. To have looked at Node's own stream makes the pipe one that does not wait. */
function writer() {
  const script = `
    const { writerTo } = await import(${JSON.stringify(new URL('./standard-streams.js', import.meta.url).href)});
    void process.stdout;
    const write = writerTo(1);
    for (let line = 0; line < ${LINES}; line++) write('line ' + line + ' – 日本\\n');
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

test('a pipe that does not wait gets everything, in its order', async () => {
  const child = writer();
  const exit = once(child, 'exit');
  await sleep(500);
  assert.equal(await text(child.stdout), Array.from({ length: LINES }, (_, line) => `line ${line} – 日本\n`).join(''));
  assert.deepEqual(await exit, [0, null]);
});

test('a reader that has seen enough is no error', async () => {
  const child = writer();
  const exit = once(child, 'exit');
  child.stdout.once('data', () => child.stdout.destroy());
  assert.deepEqual(await exit, [0, null]);
});
