import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import type { Json, KubeObject } from '@sluice/core';
import { createCluster, type Cluster } from '@sluice/kube';
import { parseYaml } from '@sluice/yaml';
import { main } from './main.js';
import { terminalOver } from './terminal.js';

interface Recorded {
  readonly name: string;
  readonly args: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly stdin?: string;
  readonly files?: Readonly<Record<string, string>>;
}

const shared = join(dirname(fileURLToPath(import.meta.url)), '../../../../shared/conformance');
const recordings = join(shared, 'cli/extra.json');

/** Differences on purpose. */
const DIFFERENT: ReadonlyMap<string, string> = new Map([]);

describe("flux's recorded command lines", { skip: existsSync(recordings) ? false : '../shared/conformance is not there' }, () => {
  if (!existsSync(recordings)) return;
  const { fixtures, cases } = JSON.parse(readFileSync(recordings, 'utf8')) as { fixtures: KubeObject[]; cases: Recorded[] };
  let embedded: EmbeddedCluster;
  let directory: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
    process.chdir(directory);
    embedded = await startCluster({ ephemeral: true, port: 0, simulate: false });
    writeFileSync(join(directory, 'kubeconfig'), embedded.kubeconfig, { mode: 0o600 });
    await setUp(createCluster(embedded.fetch), fixtures);
  });
  after(async () => {
    await embedded.stop();
    process.chdir(tmpdir());
    rmSync(directory, { recursive: true });
  });

  // In the order of the recording: some change what later ones see.
  for (const { name, args, stdout, stderr, exitCode, stdin, files } of cases) {
    test(`flux ${args} (${name})`, { skip: DIFFERENT.get(name) ?? false }, async () => {
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

async function setUp(cluster: Cluster, fixtures: readonly KubeObject[]): Promise<void> {
  const crds = readdirSync(join(shared, 'crds')).filter((file) => file.endsWith('.yaml'));
  for (const file of crds) {
    const definition = parseYaml(readFileSync(join(shared, 'crds', file), 'utf8')) as unknown as KubeObject;
    await cluster.apply(definition, { fieldManager: 'test' });
  }
  for (const fixture of fixtures) {
    const { status, ...object } = fixture;
    await retried(() => cluster.create(object));
    if (status === undefined) continue;
    const { apiVersion, kind, metadata } = fixture;
    const key = {
      apiVersion,
      kind,
      name: metadata.name ?? '',
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    };
    const patch: Json = { status: status as Json };
    // Kinds without the sub-resource have no status to patch.
    await cluster.patch(key, 'merge', patch, { subresource: 'status' }).catch((error: { code?: number }) => {
      if (error.code !== 404) throw error;
    });
  }
}

/** A definition is served a moment after it was accepted. */
async function retried(action: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await action();
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function runFlux(
  line: string,
  environment: Record<string, string>,
  stdin = '',
): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const terminal = terminalOver(
    (text) => (stdout += text),
    (text) => (stderr += text),
    environment,
    () => Readable.from([Buffer.from(stdin)]),
  );
  const code = await main('flux', words(line), terminal, new AbortController().signal);
  return { code, stdout, stderr };
}

/** A command line's words, with quotes as a shell reads them. */
function words(line: string): string[] {
  return Array.from(line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g), ([word]) => word.replace(/["']/g, ''));
}
