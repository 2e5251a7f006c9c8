import { writeFile } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { directoryTree, type FileTree } from '@sluice/core';
import { build, printBuild, remoteBaseOf, type BuildOptions, type BuildResult } from '@sluice/kustomize';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { deadlineOf } from '../deadline.js';
import { expectShortRun } from '../short-run.js';

/** `kustomize build DIR`. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  if (args.length > 1) throw new Error('specify one path to kustomization.yaml');
  // A base may be anywhere on this machine; what a kustomization may load is the load restrictor's to say.
  const tree = directoryTree(sep);
  const directory = relative(sep, resolve(args[0] ?? '.'));
  const options = await optionsOf(flags, tree);
  const result = await buildWithRemotes(tree, directory === '' ? '.' : directory, options, invocation);
  for (const warning of result.warnings) terminal.warning(warning.replace(/^#? ?Warning: /, ''));
  const output = flags.string('output');
  if (output === '') terminal.out(printBuild(result));
  else await writeFile(output, printBuild(result));
}

async function optionsOf(flags: FlagValues, tree: FileTree): Promise<BuildOptions> {
  const reorder = flags.string('reorder');
  const options: BuildOptions = {
    rootName: sep,
    reorder: reorder === 'legacy' || reorder === 'none' ? reorder : 'unspecified',
    loadRestrictions: flags.string('load-restrictor') === 'LoadRestrictionsNone' ? 'none' : 'rootOnly',
    addManagedByLabel: flags.bool('enable-managedby-label'),
  };
  if (!flags.bool('enable-helm')) return options;
  const { chartRenderer } = await import('../kustomize/helm-charts.js');
  const helm = chartRenderer(tree, { kubeVersion: flags.string('helm-kube-version'), apiVersions: flags.list('helm-api-versions') });
  return { ...options, helm };
}

/** Builds with the remote bases that the build asks for, where they are allowed. */
async function buildWithRemotes(tree: FileTree, directory: string, options: BuildOptions, invocation: Invocation): Promise<BuildResult> {
  const sources = invocation.flags.bool('allow-remote-bases') ? await import('@sluice/sources') : undefined;
  expectShortRun();
  if (sources === undefined) return build(tree, directory, options);
  const bases = sources.openRemoteBases({ allowFile: true, onFetch: (url) => invocation.terminal.action(`fetching ${url}`) });
  try {
    const remotes = bases.of(directory);
    return await remotes.run(() => build(tree, directory, { ...options, remotes }), remoteBaseOf, deadlineOf(invocation));
  } finally {
    await bases.close();
  }
}
