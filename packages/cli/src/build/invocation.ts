import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { buildLocal, type LocalBuildOptions, type LocalKustomization } from './local-kustomization.js';

/** What `build` and `diff kustomization` are asked to build. */
export interface LocalTarget {
  readonly name: string;
  readonly directory: string;
  /** The file with the Kustomization; empty when it is the cluster's. */
  readonly file: string;
}

/** Reads what a command line names, and checks that it is there. */
export async function localTarget({ args, flags }: Invocation): Promise<LocalTarget> {
  const [name] = args;
  if (name === undefined) throw new Error('kustomization name is required');
  const directory = await resourceDirectory(flags.string('path'));
  const file = flags.string('kustomization-file');
  await checkKustomizationFile(file);
  return { name, directory, file };
}

/** Builds the target by the flags that both commands take. The options are those for what it brings with it. */
export async function buildTarget(
  { name, directory, file }: LocalTarget,
  invocation: Invocation,
  cluster: Cluster | undefined,
  ignoreNotFound = false,
): Promise<{ readonly built: LocalKustomization; readonly nested: LocalBuildOptions }> {
  const { flags, terminal } = invocation;
  const nested: LocalBuildOptions = {
    ...(cluster === undefined ? {} : { cluster }),
    ignoreNotFound,
    ignorePaths: flags.list('ignore-paths'),
    strict: flags.bool('strict-substitute'),
    localSources: flags.pairs('local-sources'),
    onFetch: (url) => terminal.action(`fetching ${url}`),
    signal: deadlineOf(invocation),
  };
  const options = file === '' ? nested : { ...nested, file };
  return { built: await buildLocal(selectedNamespace(flags), name, directory, options), nested };
}

async function resourceDirectory(path: string): Promise<string> {
  const directory = path === '' ? '' : resolve(path);
  const info = directory === '' ? undefined : await stat(directory).catch(() => undefined);
  if (info?.isDirectory() !== true) throw new Error(`invalid resource path ${JSON.stringify(directory)}`);
  return directory;
}

async function checkKustomizationFile(file: string): Promise<void> {
  if (file === '') return;
  const info = await stat(file).catch(() => undefined);
  if (info === undefined || info.isDirectory()) throw new Error(`invalid kustomization file ${JSON.stringify(file)}`);
}
