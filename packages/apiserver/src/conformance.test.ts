import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startCluster, type ClusterOptions } from './index.js';

const folder = fileURLToPath(new URL('../../../../shared/conformance/apiserver', import.meta.url));
const SIDE_BY_SIDE = 8;

/** Scenarios that are not replayed, and why. */
const known: Readonly<Record<string, string>> = {
  'ssa-subresource-others': 'a real server writes a Job again that is applied without a change; here that is no write',
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
  readonly replayScenario: (
    client: object,
    transcript: Transcript,
    options: { server: string; settle?: number },
  ) => Promise<{ failures: readonly unknown[] }>;
  readonly pool: <T>(items: readonly T[], count: number, run: (item: T) => Promise<void>) => Promise<void>;
}

test('recorded answers of a real API server', { skip: existsSync(folder) ? false : 'the recorded answers are not here' }, async (t) => {
  const replay = (await import(pathToFileURL(join(folder, 'replay.mjs')).href)) as Replay;
  const transcripts = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Transcript)
    .filter(({ scenario, steps }) => scenario !== undefined && steps !== undefined);
  await replayAll(
    t,
    replay,
    transcripts.filter(({ controllers }) => controllers !== 'full'),
    { simulate: false },
  );
  // Recorded with every controller, and no node for them to use.
  await replayAll(
    t,
    replay,
    transcripts.filter(({ controllers }) => controllers === 'full'),
    { nodes: false },
  );
});

async function replayAll(
  t: TestContext,
  { Client, replayScenario, pool }: Replay,
  transcripts: readonly Transcript[],
  options: ClusterOptions,
): Promise<void> {
  const cluster = await startCluster(options);
  const client = new Client({ server: cluster.url, token: cluster.token });
  const one = async (transcript: Transcript): Promise<void> => {
    const reason = Object.hasOwn(known, transcript.scenario) ? known[transcript.scenario] : undefined;
    await t.test(transcript.scenario, { skip: reason ?? false, timeout: 60_000 }, async () => {
      const { failures } = await replayScenario(client, transcript, { server: cluster.url, settle: 150 });
      assert.deepEqual(failures.slice(0, 3), []);
    });
  };
  try {
    await pool(
      transcripts.filter(({ alone }) => alone !== true),
      SIDE_BY_SIDE,
      one,
    );
    for (const transcript of transcripts) if (transcript.alone === true) await one(transcript);
  } finally {
    await cluster.stop();
  }
}
