import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import type { KubeObject } from '@sluice/core';
import { createCluster } from '@sluice/kube';
import { applyDefinitions, createWithStatus, runFlux, shared } from './testing/replay.js';

interface Recorded {
  readonly name: string;
  readonly args: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly stdin?: string;
  readonly files?: Readonly<Record<string, string>>;
}

const recordings = join(shared, 'cli/extra.json');

describe("flux's recorded command lines", { skip: existsSync(recordings) ? false : '../shared/conformance is not there' }, () => {
  if (!existsSync(recordings)) return;
  const { fixtures, cases } = JSON.parse(readFileSync(recordings, 'utf8')) as { fixtures: KubeObject[]; cases: Recorded[] };
  let embedded: EmbeddedCluster;
  let directory: string;
  let here: string;

  before(async () => {
    // Here and not above, where an earlier suite may be elsewhere.
    here = process.cwd();
    directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
    process.chdir(directory);
    embedded = await startCluster({ ephemeral: true, port: 0, simulate: false });
    writeFileSync(join(directory, 'kubeconfig'), embedded.kubeconfig, { mode: 0o600 });
    const cluster = createCluster(embedded.fetch);
    await applyDefinitions(cluster);
    for (const fixture of fixtures) await createWithStatus(cluster, fixture);
  });
  after(async () => {
    process.chdir(here);
    await embedded.stop();
    rmSync(directory, { recursive: true });
  });

  // In the order of the recording: some change what later ones see.
  for (const { name, args, stdout, stderr, exitCode, stdin, files } of cases) {
    test(`flux ${args} (${name})`, async () => {
      for (const [path, content] of Object.entries(files ?? {})) {
        mkdirSync(dirname(join(directory, path)), { recursive: true });
        writeFileSync(join(directory, path), content);
      }
      const result = await runFlux(args, { KUBECONFIG: join(directory, 'kubeconfig'), HOME: '$WORK' }, stdin);
      assert.equal(result.stdout.replaceAll(directory, '$WORK'), stdout);
      assert.equal(result.stderr.replaceAll(directory, '$WORK').trimEnd(), stderr.trimEnd());
      assert.equal(result.code, exitCode);
    });
  }
});
