import type { KubeObject } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import {
  buildLocal,
  buildNested,
  checkKustomizationFile,
  isNested,
  resourceDirectory,
  type LocalBuildOptions,
  type LocalKustomization,
} from '../build/local-kustomization.js';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';

/** `build kustomization NAME --path DIR`. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [name] = args;
  if (name === undefined) throw new Error('kustomization name is required');
  const directory = await resourceDirectory(flags.string('path'));
  const file = flags.string('kustomization-file');
  const dryRun = flags.bool('dry-run');
  if (dryRun && file === '') throw new Error('dry-run mode requires a kustomization file');
  await checkKustomizationFile(file);
  const connection = dryRun ? undefined : await connect(invocation);
  try {
    const options: LocalBuildOptions = {
      ...(connection === undefined ? {} : { cluster: connection.cluster }),
      ...(file === '' ? {} : { file }),
      ignorePaths: flags.list('ignore-paths'),
      strict: flags.bool('strict-substitute'),
      localSources: flags.pairs('local-sources'),
      signal: deadlineOf(invocation),
    };
    const built = await buildLocal(selectedNamespace(flags), name, directory, options);
    const objects = flags.bool('recursive') ? await withNested(built, options) : built.objects;
    terminal.out(objects.map((object) => `${printYaml(object)}---\n`).join(''));
  } finally {
    await connection?.close();
  }
}

/** The objects of a Kustomization, and after them those of the Kustomizations among them. */
async function withNested({ kustomization, objects }: LocalKustomization, options: LocalBuildOptions): Promise<KubeObject[]> {
  const all = [...objects];
  for (const object of objects) {
    if (!isNested(object, kustomization)) continue;
    const { file: _, ...rest } = options;
    all.push(...(await withNested(await buildNested(object, rest), rest)));
  }
  return all;
}
