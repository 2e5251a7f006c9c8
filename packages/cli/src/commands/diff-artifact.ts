import { statSync } from 'node:fs';
import { diffArtifact, directorySource } from '@sluice/sources';
import { ignorePatterns, withScratch } from '../artifact/input.js';
import { ARCHIVE_LIMITS, wanted, withRegistry } from '../artifact/registry.js';
import type { Invocation } from '../command-line/index.js';
import { deadlineOf } from '../deadline.js';

/** `diff artifact oci://REGISTRY/REPOSITORY:TAG --path PATH`: fails when they differ. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [url] = args;
  if (url === undefined) throw new Error('artifact URL is required');
  const path = flags.string('path');
  if (path === '') throw new Error('invalid path ""');
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    throw new Error(`invalid path '${path}', must point to an existing directory or file`);
  await withRegistry(invocation, url, async ({ client, reference }) => {
    const call = { signal: deadlineOf(invocation) };
    const { layer } = await client.pull((await client.manifest(wanted(reference), call)).digest, call);
    const limits = { ...ARCHIVE_LIMITS, ignore: ignorePatterns(flags) };
    const { added, removed, changed } = await withScratch((scratch) =>
      diffArtifact(client.blob(layer, call), directorySource(path), scratch, limits),
    );
    for (const [mark, files] of [
      ['+', added],
      ['-', removed],
      ['±', changed],
    ] as const)
      for (const file of files) terminal.out(`${mark} ${file}\n`);
    if (added.length + removed.length + changed.length > 0) throw new Error('the remote artifact contents differs from the local one');
    terminal.success('no changes detected');
  });
}
