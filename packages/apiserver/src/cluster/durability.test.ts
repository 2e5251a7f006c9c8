import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLevelJournal } from '../store/level-journal.js';
import { Store } from '../store/store.js';

const ROUNDS = 100;
const SIDE_BY_SIDE = 4;

/** Writes from eight clients at once, printing each write when it is acknowledged. */
const writer = `
  const [directory] = process.argv.slice(1);
  const { openLevelJournal } = await import(${JSON.stringify(new URL('../store/level-journal.js', import.meta.url).href)});
  const { Store } = await import(${JSON.stringify(new URL('../store/store.js', import.meta.url).href)});
  const store = await Store.open(await openLevelJournal(directory, (message) => console.log('damage ' + message)));
  console.log('ready ' + store.revision);
  await Promise.all(Array.from({ length: 8 }, async (_, client) => {
    for (let n = 0; ; n++) {
      const name = 'c' + client + '-' + (n % 20);
      const isRemoval = n % 7 === 6;
      const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, namespace: 'n' }, data: { n: String(n), filler: 'x'.repeat(500) } };
      const write = isRemoval ? store.remove('/configmaps', 'n/' + name, object) : store.put('/configmaps', 'n/' + name, object);
      await write.done;
      // Given to the kernel before the next write: when nobody reads, output waits in this process, and is lost with it.
      await new Promise((resolve) => process.stdout.write('ok ' + name + ' ' + write.stored.revision + ' ' + (isRemoval ? 'gone' : n) + '\\n', resolve));
    }
  }));
`;

/** What was acknowledged last, by name. */
type Acknowledged = Map<string, { revision: number; value: string }>;

test(`an acknowledged write survives kill -9 (${ROUNDS} rounds)`, { timeout: 120_000 }, async () => {
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, (_, lane) => killRounds(ROUNDS / SIDE_BY_SIDE, lane)));
});

async function killRounds(rounds: number, lane: number): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'sluice-kill-'));
  const directory = join(root, 'store');
  try {
    const acknowledged: Acknowledged = new Map();
    let total = 0;
    for (let round = 0; round < rounds; round++) {
      total += await writeUntilKilled(directory, acknowledged, ((round * 37 + lane * 11) % 60) + 5);
      await check(directory, acknowledged);
    }
    assert.ok(total > rounds, `only ${total} writes were acknowledged`);
  } finally {
    await rm(root, { recursive: true });
  }
}

async function writeUntilKilled(directory: string, acknowledged: Acknowledged, milliseconds: number): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', writer, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), milliseconds);
    output += chunk;
  });
  // Not by readline: on a busy machine its iterator falls behind, and loses what came before the end of its input.
  await once(child, 'close');
  assert.doesNotMatch(output, /^damage/m);
  const lines = output.split('\n').filter((line) => line.startsWith('ok '));
  // The last line may be cut off: what it says is not known to be acknowledged.
  if (!output.endsWith('\n') && lines.length > 0) lines.pop();
  for (const line of lines) {
    const [, name = '', revision = '', value = ''] = line.split(' ');
    acknowledged.set(name, { revision: Number(revision), value });
  }
  return lines.length;
}

async function check(directory: string, acknowledged: Acknowledged): Promise<void> {
  const damage: string[] = [];
  const store = await Store.open(await openLevelJournal(directory, (message) => damage.push(message)));
  assert.deepEqual(damage, []);
  const { objects } = store.table('/configmaps');
  for (const [name, { revision, value }] of acknowledged) {
    const stored = objects.get(`n/${name}`);
    assert.ok(store.revision > revision, 'a resource version is given out twice');
    if (stored === undefined) assert.ok(value === 'gone' || mayBeGone(name, Number(value)), `${name} is lost`);
    else {
      assert.ok(
        value === 'gone' ? stored.revision > revision : stored.revision >= revision,
        `${name} is older than its last acknowledged write`,
      );
      if (stored.revision === revision) assert.equal((stored.object['data'] as { n: string }).n, value);
    }
  }
  // What is there now is what counts from here on.
  for (const name of acknowledged.keys()) {
    const stored = objects.get(`n/${name}`);
    if (stored === undefined) acknowledged.set(name, { revision: 0, value: 'gone' });
    else acknowledged.set(name, { revision: stored.revision, value: (stored.object['data'] as { n: string }).n });
  }
  await store.close();
}

/** Whether the next write of this name may have been a removal that was not acknowledged in time: in this round, or first thing in the next. */
function mayBeGone(name: string, n: number): boolean {
  const index = Number(name.slice(name.indexOf('-') + 1));
  return (n + 20) % 7 === 6 || index % 7 === 6;
}
