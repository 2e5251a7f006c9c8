import { writeFile } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { directoryTree } from '@sluice/core';
import { build, printBuild } from '@sluice/kustomize';
import type { Invocation } from '../command-line/index.js';

/** `kustomize build DIR`. */
export async function run({ args, flags, terminal }: Invocation): Promise<void> {
  if (args.length > 1) throw new Error('specify one path to kustomization.yaml');
  // A base may be anywhere on this machine; what a kustomization may load is the load restrictor's to say.
  const directory = relative(sep, resolve(args[0] ?? '.'));
  const reorder = flags.string('reorder');
  const result = build(directoryTree(sep), directory === '' ? '.' : directory, {
    rootName: sep,
    reorder: reorder === 'legacy' || reorder === 'none' ? reorder : 'unspecified',
    loadRestrictions: flags.string('load-restrictor') === 'LoadRestrictionsNone' ? 'none' : 'rootOnly',
    addManagedByLabel: flags.bool('enable-managedby-label'),
  });
  for (const warning of result.warnings) terminal.warning(warning.replace(/^#? ?Warning: /, ''));
  const output = flags.string('output');
  if (output === '') terminal.out(printBuild(result));
  else await writeFile(output, printBuild(result));
}
