import { deepEqual, isJsonObject, objectId, type Json, type KubeObject } from '@sluice/core';
import { diffRendered, type ObjectDiff } from '@sluice/controllers';
import type { Cluster } from '@sluice/kube';
import { buildTarget, localTarget } from '../build/invocation.js';
import { buildNested, isNested, type LocalBuildOptions, type LocalKustomization } from '../build/local-kustomization.js';
import { isMasked } from '../build/mask-encrypted.js';
import type { Invocation } from '../command-line/index.js';
import { connect } from '../connection.js';
import { differences } from '../diff/differences.js';
import { differenceReport } from '../diff/report.js';

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
    if (report !== '') throw new Error('identified at least one change, exiting with non-zero exit code');
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
    report += line(diff, object);
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

function line(diff: ObjectDiff, object: KubeObject | undefined): string {
  const { kind, namespace, name } = diff.reference;
  const subject = [kind, ...(namespace === '' ? [] : [namespace]), name].join('/');
  if (diff.action === 'created' || diff.action === 'deleted' || diff.action === 'skipped') return `► ${subject} ${diff.action}\n`;
  const { live, merged } = diff;
  if (diff.action !== 'configured' || live === undefined || merged === undefined) return '';
  const [before, after] = object !== undefined && isMasked(object) ? [withHiddenData(live), withHiddenData(merged)] : [live, merged];
  // Of values that nobody here can read, only the keys say something.
  if (object !== undefined && isMasked(object) && deepEqual(keysOf(before), keysOf(after))) return '';
  return `► ${subject} drifted\n${differenceReport(differences(before as unknown as Json, after as unknown as Json))}`;
}

function withHiddenData(secret: KubeObject): KubeObject {
  return { ...secret, data: Object.fromEntries(keysOf(secret).map((key) => [key, '*****'])) };
}

function keysOf(secret: KubeObject): string[] {
  return isJsonObject(secret['data']) ? Object.keys(secret['data']).toSorted() : [];
}
