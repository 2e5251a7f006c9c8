import { objectId } from '@sluice/core';
import { diffRendered } from '@sluice/controllers';
import type { Cluster } from '@sluice/kube';
import { buildTarget, localTarget } from '../build/invocation.js';
import { buildNested, isNested, type LocalBuildOptions, type LocalKustomization } from '../build/local-kustomization.js';
import { isMasked } from '../build/mask-encrypted.js';
import { ChangesFound, type Invocation } from '../command-line/index.js';
import { connect } from '../connection.js';
import { objectReport } from '../diff/object-report.js';

/** `diff kustomization NAME --path DIR`: fails when something would change. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const target = await localTarget(invocation);
  const ignoreNotFound = flags.bool('ignore-not-found');
  if (ignoreNotFound && target.file === '') throw new Error('kustomization file is required when assuming new kustomizations');
  const { cluster, close } = await connect(invocation);
  try {
    const { built, nested } = await buildTarget(target, invocation, cluster, ignoreNotFound);
    const report = await reportOf(built, flags.bool('recursive'), { ...nested, cluster });
    terminal.out(report);
    if (report !== '') throw new ChangesFound();
  } finally {
    await close();
  }
}

/** What applying a Kustomization would change; empty when nothing. */
async function reportOf(
  { kustomization, objects }: LocalKustomization,
  recursive: boolean,
  options: LocalBuildOptions & { readonly cluster: Cluster },
): Promise<string> {
  const diffs = await diffRendered(kustomization, objects, { cluster: options.cluster, signal: options.signal });
  let report = '';
  for (const [index, diff] of diffs.entries()) {
    const object = objects[index];
    report += objectReport(diff, object !== undefined && isMasked(object));
    if (!recursive || object === undefined || diff.action === 'created' || !isNested(object, kustomization)) continue;
    if ((object as { spec?: { kubeConfig?: unknown } }).spec?.kubeConfig !== undefined) {
      report += `⚠️ ${objectId(object)} skipped: diff not supported for remote clusters\n`;
      continue;
    }
    const below = await reportOf(await buildNested(object, options), recursive, options);
    if (below !== '') report += `📁 ${objectId(object)} changed\n${below}`;
  }
  return report;
}
