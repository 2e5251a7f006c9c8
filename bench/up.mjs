// The newcomer's path, measured from outside: start to first sync, edit → commit → object changed, idle memory.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { commit, removeState, startQuickstart, waitForState } from '../test/dist/quickstart.js';

const greeter = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'demo', name: 'greeter' };

export async function run({ quick, print }) {
  const started = performance.now();
  const quickstart = await startQuickstart();
  try {
    print(`up: start to the first sync  ${((performance.now() - started) / 1000).toFixed(2)} s  (goal: under 5)`);
    const times = [];
    for (let round = 0; round < (quick ? 5 : 40); round++) {
      const message = `round ${round}`;
      commit(quickstart, { 'clusters/local/apps.yaml': (text) => text.replace(/GREETING: .*/, `GREETING: ${message}`) });
      times.push(await waitForState(quickstart, greeter, (object) => object.data.message === message, 10_000));
    }
    times.sort((a, b) => a - b);
    const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(0);
    print(`up: commit to changed object  p50 ${at(0.5)} ms, p95 ${at(0.95)} ms  (goal: p95 under 1000)`);
    await new Promise((resolve) => setTimeout(resolve, quick ? 500 : 5_000));
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${quickstart.pid}/status`, 'utf8'));
    print(`up: engine and embedded cluster idle, RSS  ${(Number(rss?.[1]) / 1024).toFixed(0)} MiB  (goal: under 150)`);
  } finally {
    await quickstart.interrupt();
    removeState(quickstart.directory);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await run({ quick: process.argv.includes('--quick'), print: console.log });
