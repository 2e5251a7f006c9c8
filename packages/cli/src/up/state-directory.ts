import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Where a cluster on this machine keeps what outlives its process. */
export interface StateDirectory {
  readonly path: string;
  readonly cluster: string;
  readonly kubeconfig: string;
  readonly demo: string;
  readonly log: string;
}

export function stateDirectory(directory: string): StateDirectory {
  const path = resolve(directory);
  return {
    path,
    cluster: join(path, 'cluster'),
    kubeconfig: join(path, 'kubeconfig'),
    demo: join(path, 'demo'),
    log: join(path, 'engine.log'),
  };
}

/** Makes the directory ours alone. Throws, and says who has it, when another process runs on it. Returns what gives it back. */
export async function claim({ path }: StateDirectory): Promise<() => Promise<void>> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const file = join(path, 'pid');
  for (;;) {
    try {
      const handle = await open(file, 'wx', 0o600);
      await handle.writeFile(`${process.pid}\n`);
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = await ownerOf({ path });
      if (owner !== undefined)
        throw new Error(`${path} is in use by process ${owner}: stop that one first, or choose another --directory.`, { cause: error });
      // Left by a process that was killed.
      await rm(file, { force: true });
    }
  }
}

/** The process that runs on the directory, if one does. */
export async function ownerOf({ path }: Pick<StateDirectory, 'path'>): Promise<number | undefined> {
  const text = await readFile(join(path, 'pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && pid > 0 && (await isSluice(pid)) ? pid : undefined;
}

/** Whether a process lives and is one of ours: the number of a killed process may have been given to another program. */
async function isSluice(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return command === undefined || command.includes('node') || command.includes('sluice');
}
