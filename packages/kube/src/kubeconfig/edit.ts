import { SluiceError } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import { mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseKubeconfig } from './load.js';
import type { ClusterEntry, Kubeconfig, UserEntry } from './types.js';

/** A way to a cluster, to be put into a kubeconfig under one name. */
export interface NewContext {
  readonly name: string;
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
  readonly namespace?: string;
}

/** The kubeconfig with a context, its cluster and its user, in place of those of the same name; it becomes the current one. */
export function withContext(config: Kubeconfig, { name, cluster, user, namespace }: NewContext): Kubeconfig {
  const context = { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    ...config,
    apiVersion: 'v1',
    kind: 'Config',
    clusters: placed(config.clusters, { name, cluster }),
    contexts: placed(config.contexts, { name, context }),
    users: placed(config.users, { name, user }),
    'current-context': name,
  };
}

/** The kubeconfig without a context, and without its cluster and user where no other context uses them. */
export function withoutContext(config: Kubeconfig, name: string): Kubeconfig {
  const removed = config.contexts?.find((entry) => entry.name === name)?.context;
  if (removed === undefined) return config;
  const contexts = (config.contexts ?? []).filter((entry) => entry.name !== name);
  const clusterIsUsed = contexts.some(({ context }) => context.cluster === removed.cluster);
  const userIsUsed = contexts.some(({ context }) => context.user === removed.user);
  return {
    ...config,
    contexts,
    clusters: (config.clusters ?? []).filter((entry) => clusterIsUsed || entry.name !== removed.cluster),
    users: (config.users ?? []).filter((entry) => userIsUsed || entry.name !== removed.user),
    ...(config['current-context'] === name ? { 'current-context': '' } : {}),
  };
}

function placed<T extends { readonly name: string }>(entries: readonly T[] = [], entry: T): T[] {
  const at = entries.findIndex(({ name }) => name === entry.name);
  return at < 0 ? [...entries, entry] : entries.with(at, entry);
}

const LOCK_WAIT_MS = 5_000;

/**
 * Changes a kubeconfig file, or makes it. Under the lock that kubectl uses, with a rename at the end: two that write at the same time
 * both have their way, and nobody reads half a file. Only its owner may read it.
 */
export async function updateKubeconfig(path: string, change: (config: Kubeconfig) => Kubeconfig): Promise<void> {
  // A link stays one; what it points to is written.
  const file = await realpath(path).catch(() => path);
  await mkdir(dirname(file), { recursive: true, mode: 0o750 });
  const unlock = await lock(`${file}.lock`);
  try {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const changed = change(parseKubeconfig(text, file));
    const temporary = `${file}.${process.pid}.tmp`;
    await writeFile(temporary, printYaml(changed), { mode: 0o600 });
    await rename(temporary, file);
  } finally {
    await unlock();
  }
}

async function lock(file: string): Promise<() => Promise<void>> {
  const ends = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      await (await open(file, 'wx')).close();
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (Date.now() > ends) {
        const { mtime } = await stat(file).catch(() => ({ mtime: new Date() }));
        const message = `the kubeconfig is locked by ${file} since ${mtime.toISOString()}: delete that file if nothing is writing it`;
        throw new SluiceError('KubeconfigInvalid', message, { place: { file } });
      }
      await sleep(50);
    }
  }
}
