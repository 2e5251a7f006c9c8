import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Json, KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { parseYaml } from '@sluice/yaml';
import { main } from '../main.js';
import { terminalOver } from '../terminal.js';

/** Where the recordings are. */
export const shared = join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared/conformance');

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, as they came. */
  readonly transcript: string;
}

/** Runs a command line in this process. */
export async function runFlux(line: string, environment: Record<string, string>, stdin = '', program = 'flux'): Promise<Outcome> {
  const [stdout, stderr, both]: [string[], string[], string[]] = [[], [], []];
  const terminal = terminalOver(
    (text) => void (stdout.push(text), both.push(text)),
    (text) => void (stderr.push(text), both.push(text)),
    environment,
    () => Readable.from([Buffer.from(stdin)]),
  );
  const code = await main(program, words(line), terminal, new AbortController().signal);
  return { code, stdout: stdout.join(''), stderr: stderr.join(''), transcript: both.join('') };
}

/** A command line's words, with quotes as a shell reads them. */
function words(line: string): string[] {
  return Array.from(line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g), ([word]) => word.replace(/["']/g, ''));
}

/** Puts the definitions of the Flux API into a cluster. */
export async function applyDefinitions(cluster: Cluster): Promise<void> {
  for (const file of readdirSync(join(shared, 'crds')).filter((name) => name.endsWith('.yaml'))) {
    const definition = parseYaml(readFileSync(join(shared, 'crds', file), 'utf8')) as unknown as KubeObject;
    await cluster.apply(definition, { fieldManager: 'test' });
  }
}

/** Creates an object with its status; one that is there stays as it is. */
export async function createWithStatus(cluster: Cluster, fixture: KubeObject): Promise<void> {
  const { status, ...object } = fixture as KubeObject & { status?: unknown };
  await retried(async () => {
    await cluster.create(object as KubeObject).catch((error: { code?: number }) => {
      if (error.code !== 409) throw error;
    });
  });
  if (status === undefined) return;
  const { apiVersion, kind, metadata } = fixture;
  const { name = '', namespace } = metadata;
  const key = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
  const patch: Json = { status: status as Json };
  // Kinds without the sub-resource have no status to patch.
  await cluster.patch(key, 'merge', patch, { subresource: 'status' }).catch((error: { code?: number }) => {
    if (error.code !== 404) throw error;
  });
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
