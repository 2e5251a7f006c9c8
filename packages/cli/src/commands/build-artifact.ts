import { statSync } from 'node:fs';
import { errorMessage } from '@sluice/core';
import { buildArtifact, directorySource } from '@sluice/sources';
import { ignorePatterns, withInput } from '../artifact/input.js';
import type { Invocation } from '../command-line/index.js';

/** `build artifact --path PATH --output FILE`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const given = flags.string('path');
  if (given === '') throw new Error('invalid path ""');
  const output = flags.string('output');
  await withInput(given, terminal, async (path) => {
    if (statSync(path, { throwIfNoEntry: false }) === undefined)
      throw new Error(`invalid path '${path}', must point to an existing directory or file`);
    terminal.action(`building artifact from ${path}`);
    try {
      await buildArtifact(directorySource(path, { resolveLinks: flags.bool('resolve-symlinks') }), output, {
        ignore: ignorePatterns(flags),
      });
    } catch (error) {
      throw new Error(`building artifact failed, error: ${errorMessage(error)}`, { cause: error });
    }
  });
  terminal.success(`artifact created at ${output}`);
}
