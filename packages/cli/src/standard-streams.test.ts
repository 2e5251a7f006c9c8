import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const LINES = 20_000;
/** More than a pipe holds, a piece at a time. */
const script = `
  const { writerTo } = await import(${JSON.stringify(new URL('./standard-streams.js', import.meta.url).href)});
  const write = writerTo(1);
  for (let line = 0; line < ${LINES}; line++) write('line ' + line + ' – 日本\\n');
`;
const expected = Array.from({ length: LINES }, (_, line) => `line ${line} – 日本\n`).join('');

/** A process that writes all lines to a file or pipe, and its exit code. */
function writerInto(stdout: number | 'pipe') {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', stdout, 'inherit'] });
  return { child, exit: new Promise<number | null>((resolve) => child.once('exit', resolve)) };
}

test('a pipe that does not wait gets everything, in its order', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-streams-'));
  try {
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    const { exit } = writerInto(writer);
    closeSync(writer);
    closeSync(await fullPipe(fifo));
    let text = '';
    for await (const chunk of createReadStream(fifo, { encoding: 'utf8' })) text += String(chunk);
    closeSync(reader);
    assert.equal(await exit, 0);
    assert.equal(text, expected);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** Waits until the writer has had to stop, with the pipe kept open meanwhile. */
async function fullPipe(fifo: string): Promise<number> {
  const open = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  await new Promise((resolve) => setTimeout(resolve, 500));
  return open;
}

test('a reader that has seen enough is no error', async () => {
  const { child, exit } = writerInto('pipe');
  child.stdout?.once('data', () => child.stdout?.destroy());
  assert.equal(await exit, 0);
});
