import { readFile } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, setOwn } from '@sluice/core';
import { buildArtifact, directorySource, fluxArtifact } from '@sluice/sources';
import { ignorePatterns, withInput, withScratch } from '../artifact/input.js';
import { withRegistry } from '../artifact/registry.js';
import type { Invocation } from '../command-line/index.js';
import { deadlineOf } from '../deadline.js';
import { printStructured } from '../output.js';

/** `push artifact oci://REGISTRY/REPOSITORY:TAG --path PATH --source URL --revision REVISION`. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [url] = args;
  if (url === undefined) throw new Error('artifact URL is required');
  for (const flag of ['source', 'revision']) if (flags.string(flag) === '') throw new Error(`--${flag} is required`);
  if (flags.string('path') === '') throw new Error('invalid path ""');
  const annotations = annotationsOf(flags.list('annotations'));
  const format = flags.string('output');
  const archive = await withInput(flags.string('path'), terminal, async (path) => {
    if (statSync(path, { throwIfNoEntry: false }) === undefined)
      throw new Error(`invalid path '${path}', must point to an existing directory or file: stat ${path}: no such file or directory`);
    return archiveOf(path, invocation);
  });
  await withRegistry(invocation, url, async ({ client, url: name, reference }) => {
    if (format === '') terminal.action(`pushing artifact to ${name}`);
    const tag = reference.tag ?? 'latest';
    const created = flags.bool('reproducible') ? new Date(0) : new Date();
    const push = fluxArtifact({ tag, archive, created, source: flags.string('source'), revision: flags.string('revision'), annotations });
    let digest: string;
    try {
      digest = await client.push(push, { signal: deadlineOf(invocation) });
    } catch (error) {
      throw new Error(`pushing artifact failed: ${errorMessage(error)}`, { cause: error });
    }
    const digestUrl = `${client.name}@${digest}`;
    if (format === '') terminal.success(`artifact successfully pushed to ${digestUrl}`);
    else printStructured(terminal, format, { url: `oci://${digestUrl}`, repository: client.name, tag, digest });
  });
}

function archiveOf(path: string, { flags }: Invocation): Promise<Uint8Array> {
  return withScratch(async (directory) => {
    const file = join(directory, 'artifact.tgz');
    await buildArtifact(directorySource(path, { resolveLinks: flags.bool('resolve-symlinks') }), file, { ignore: ignorePatterns(flags) });
    return readFile(file);
  });
}

function annotationsOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = {};
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals <= 0) throw new Error(`invalid annotation ${pair}, must be in the format key=value`);
    setOwn(annotations, pair.slice(0, equals), pair.slice(equals + 1));
  }
  return annotations;
}
