import type { KubeObject } from '@sluice/core';
import { printYaml } from '@sluice/yaml';
import { buildTarget, localTarget } from '../build/invocation.js';
import { buildNested, isNested, type LocalBuildOptions, type LocalKustomization } from '../build/local-kustomization.js';
import type { Invocation } from '../command-line/index.js';
import { connect } from '../connection.js';

/** `build kustomization NAME --path DIR`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const target = await localTarget(invocation);
  const dryRun = flags.bool('dry-run');
  if (dryRun && target.file === '') throw new Error('dry-run mode requires a kustomization file');
  const connection = dryRun ? undefined : await connect(invocation);
  try {
    const { built, nested } = await buildTarget(target, invocation, connection?.cluster);
    const objects = flags.bool('recursive') ? await withNested(built, nested) : built.objects;
    terminal.out(objects.map((object) => `${printYaml(object)}---\n`).join(''));
  } finally {
    await connection?.close();
  }
}

/** The objects of a Kustomization, and after them those of the Kustomizations among them. */
async function withNested({ kustomization, objects }: LocalKustomization, options: LocalBuildOptions): Promise<KubeObject[]> {
  const all = [...objects];
  for (const object of objects) {
    if (isNested(object, kustomization)) all.push(...(await withNested(await buildNested(object, options), options)));
  }
  return all;
}
