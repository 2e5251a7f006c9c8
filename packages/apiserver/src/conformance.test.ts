import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startCluster } from './index.js';

const folder = fileURLToPath(new URL('../../../../shared/conformance/apiserver', import.meta.url));
const SIDE_BY_SIDE = 8;

/** Scenarios that are not replayed, and why. */
const known: Readonly<Record<string, string>> = {
  'admission-webhook-down': 'admission webhooks are stored and not called',
  'controllers-deployment': 'recorded without a node; the simulator has one',
  'controllers-job': 'recorded without a node; the simulator has one',
  'controllers-statefulset': 'recorded without a node; the simulator has one',
  'quota-and-limits': 'ResourceQuotas are stored and not counted',
  'kind-apiservice': 'aggregated API servers are stored and not probed',
};

interface Transcript {
  readonly scenario: string;
  readonly tier: string;
  readonly alone?: boolean;
  readonly controllers?: string;
  readonly steps: unknown;
}

interface Replay {
  readonly Client: new (options: { server: string; token: string }) => object;
  replayScenario(
    client: object,
    transcript: Transcript,
    options: { server: string; settle?: number },
  ): Promise<{ failures: readonly unknown[] }>;
  pool<T>(items: readonly T[], count: number, run: (item: T) => Promise<void>): Promise<void>;
}

test('recorded answers of a real API server', { skip: existsSync(folder) ? false : 'the recorded answers are not here' }, async (t) => {
  const { Client, replayScenario, pool } = (await import(pathToFileURL(join(folder, 'replay.mjs')).href)) as Replay;
  const transcripts = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Transcript)
    .filter(({ scenario, steps }) => scenario !== undefined && steps !== undefined);
  const cluster = await startCluster({ simulate: false });
  const client = new Client({ server: cluster.url, token: cluster.token });
  const replay = async (transcript: Transcript): Promise<void> => {
    const reason = Object.hasOwn(known, transcript.scenario) ? known[transcript.scenario] : undefined;
    await t.test(transcript.scenario, { skip: reason ?? false, timeout: 120_000 }, async () => {
      const { failures } = await replayScenario(client, transcript, { server: cluster.url, settle: 150 });
      assert.deepEqual(failures.slice(0, 3), []);
    });
  };
  try {
    const together = transcripts.filter(({ alone }) => alone !== true);
    await pool(together, SIDE_BY_SIDE, replay);
    for (const transcript of transcripts) if (transcript.alone === true) await replay(transcript);
  } finally {
    await cluster.stop();
  }
});
