import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { SluiceError } from '@sluice/core';
import type { FlagValues } from '../command-line/index.js';
import { expectLongRun } from '../long-run.js';
import { writePrivateFile } from './private-file.js';
import { claim, stateDirectory, type StateDirectory } from './state-directory.js';

/** An embedded cluster that runs on a state directory of this machine. */
export interface LocalCluster {
  readonly embedded: EmbeddedCluster;
  readonly state: StateDirectory;
  readonly stop: () => Promise<void>;
}

/** Starts the embedded cluster that the flags describe, and writes its kubeconfig. */
export async function startLocalCluster(flags: FlagValues): Promise<LocalCluster> {
  expectLongRun();
  const state = stateDirectory(flags.string('directory'));
  const giveBack = await claim(state);
  try {
    const port = flags.number('port');
    const storage = flags.bool('ephemeral') ? { ephemeral: true } : { directory: state.cluster };
    const embedded = await startCluster({ ...storage, port, simulate: !flags.bool('no-simulate') }).catch((error: unknown) => {
      if (error instanceof SluiceError && error.reason === 'PortInUse')
        throw new Error(`port ${port} is in use: choose another with --port.`, { cause: error });
      throw error;
    });
    await writePrivateFile(state.kubeconfig, embedded.kubeconfig);
    return {
      embedded,
      state,
      stop: async () => {
        await embedded.stop();
        await giveBack();
      },
    };
  } catch (error) {
    await giveBack();
    throw error;
  }
}

/** What a person pastes to point kubectl at the cluster. */
export function exportLine({ kubeconfig }: StateDirectory): string {
  return `export KUBECONFIG=${/^[\w@%+=:,./-]+$/.test(kubeconfig) ? kubeconfig : `'${kubeconfig.replaceAll("'", "'\\''")}'`}`;
}
