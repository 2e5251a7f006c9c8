import { spawnSync } from 'node:child_process';
import type { PostRenderer } from '@sluice/helm';
import type { FlagValues } from '../command-line/index.js';

const MAX_OUTPUT_BYTES = 512 * 1024 * 1024;

/** The program of `--post-renderer`: manifests go in on its standard input, and come out on its standard output. */
export function postRendererOf(flags: FlagValues): PostRenderer | undefined {
  const program = flags.string('post-renderer');
  if (program === '') return undefined;
  const args = flags.list('post-renderer-args');
  return {
    run: (manifests) => {
      const { error, status, signal, stdout, stderr } = spawnSync(program, args, {
        input: manifests,
        encoding: 'utf8',
        timeout: flags.number('timeout'),
        maxBuffer: MAX_OUTPUT_BYTES,
      });
      // A program need not read what it is given.
      const isUnread = error !== undefined && (error as NodeJS.ErrnoException).code === 'EPIPE' && status !== null;
      if (error !== undefined && !isUnread)
        throw new Error(`error while running post render: ${program}: ${error.message}`, { cause: error });
      if (status !== 0) {
        throw new Error(
          `error while running post render: error while running command ${program}. error output:\n${stderr}: ${signal ?? `exit status ${status}`}`,
        );
      }
      if (stdout.trim() === '') throw new Error(`error while running post render: post-renderer "${program}" produced empty output`);
      return stdout;
    },
  };
}
