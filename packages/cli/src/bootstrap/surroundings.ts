import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Invocation } from '../command-line/index.js';
import { confirmOverride, warnOfImages } from '../commands/install.js';
import { connect } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { clusterInfo, registryCredentials } from '../install/index.js';
import { bootstrapOptionsOf, commitSignerOf, type BootstrapOptions } from './options.js';
import type { BootstrapSurroundings } from './run.js';

/** Reads the flags, connects to the cluster, and makes room for a run; all is given back at its end. */
export async function withSurroundings(
  invocation: Invocation,
  use: (options: BootstrapOptions, surroundings: BootstrapSurroundings) => Promise<void>,
): Promise<void> {
  const { flags, terminal } = invocation;
  const options = await bootstrapOptionsOf(flags);
  const registryLogin = registryCredentials(flags);
  const directory = await mkdtemp(join(tmpdir(), 'flux-bootstrap-'));
  try {
    const sign = await commitSignerOf(flags, directory);
    const { cluster, close } = await connect(invocation);
    try {
      const signal = deadlineOf(invocation);
      await confirmOverride((await clusterInfo(cluster, signal))?.managedBy, invocation);
      warnOfImages(options.install, terminal);
      await use(options, { cluster, terminal, signal, timeoutMs: flags.number('timeout'), directory, sign, registryLogin });
    } finally {
      await close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
