import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChaos } from './run-chaos.js';

// The long one is `npm run soak`.
test('after trouble of all kinds the cluster equals Git, and nothing was deleted that Git holds', async () => {
  // A watch that went silent is noticed after a minute and a half.
  const { commits, faults, told } = await runChaos({ durationMs: 15_000, rounds: 12, applications: 6, seed: 1, peaceMs: 150_000 });
  assert.ok(commits >= 36 && faults > 3 && told > 0, JSON.stringify({ commits, faults, told }));
});
