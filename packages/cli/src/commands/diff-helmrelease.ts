import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { deepEqual, directoryTree, groupOf, type FileTree, type KubeObject } from '@sluice/core';
import type { HelmRelease } from '@sluice/api';
import { previewRelease, type ReleasePreview, type ReleasePreviewOptions } from '@sluice/controllers';
import { mergeValues, type Values } from '@sluice/helm';
import type { Cluster } from '@sluice/kube';
import { ChangesFound, type FlagValues, type Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { clusterWith, readLocalObjects } from '../diff/local-objects.js';
import { objectReport } from '../diff/object-report.js';
import { readValues } from '../helm/values.js';
import { helmRelease, notFound } from '../kinds/index.js';

/** `diff helmrelease NAME`: fails when something would be done. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [name] = args;
  if (name === undefined) throw new Error('helmrelease name is required');
  const { cluster, close } = await connect(invocation);
  const signal = deadlineOf(invocation);
  try {
    const path = flags.string('path');
    const objects = path === '' ? [] : await readLocalObjects(path, selectedNamespace(flags), terminal, signal);
    const release = withFlags(await findRelease(name, objects, cluster, invocation), flags, await givenValues(invocation));
    const local = await localChart(flags.string('chart'));
    const version = flags.string('chart-version');
    const preview = await previewRelease(release, {
      cluster,
      references: clusterWith(cluster, objects),
      treeOf: sourcesOf(flags),
      keys: async () => (await import('../sops/private-keys.js')).privateKeys(terminal.environment, []),
      ...(local === undefined ? {} : { local }),
      ...(version === '' ? {} : { version }),
      signal,
    });
    if (preview.action === undefined) return terminal.success(preview.reason);
    terminal.out(reportOf(release, preview));
    throw new ChangesFound();
  } finally {
    await close();
  }
}

/** The HelmRelease as it is at hand, with what the cluster knows of it; or else the cluster's. */
async function findRelease(name: string, objects: readonly KubeObject[], cluster: Cluster, { flags }: Invocation): Promise<HelmRelease> {
  const { apiVersion, kind } = helmRelease;
  const namespace = selectedNamespace(flags);
  const local = objects.find(
    (object) =>
      groupOf(object.apiVersion) === groupOf(apiVersion) &&
      object.kind === kind &&
      object.metadata.name === name &&
      object.metadata.namespace === namespace,
  ) as HelmRelease | undefined;
  const live = await cluster.get<HelmRelease>({ apiVersion, kind, namespace, name });
  if (local === undefined && live === undefined) throw await notFound(cluster, helmRelease, name);
  const found = local ?? live!;
  if (found.apiVersion !== apiVersion)
    throw new Error(`HelmRelease ${namespace}/${name} is of ${found.apiVersion}: make it one of ${apiVersion}`);
  if (found.spec.kubeConfig !== undefined) throw new Error(`HelmRelease ${namespace}/${name}: diff is not supported for remote clusters`);
  if (local === undefined || live === undefined) return found;
  // What was released of it is the cluster's to say.
  const generation = (live.metadata.generation ?? 1) + (deepEqual(live.spec, local.spec) ? 0 : 1);
  return { ...local, metadata: { ...local.metadata, generation }, ...(live.status === undefined ? {} : { status: live.status }) };
}

async function givenValues(invocation: Invocation): Promise<Values> {
  const online = invocation.flags.list('values').find((name) => /^https?:\/\//.test(name));
  if (online !== undefined) throw new Error(`${online} is not here: fetch it first`);
  return await readValues(invocation, 4);
}

/** The release with the values of the command line over its own. */
function withFlags(release: HelmRelease, flags: FlagValues, given: Values): HelmRelease {
  const names = ['values', 'set', 'set-string', 'set-json', 'set-file', 'set-literal'];
  if (!names.some((name) => flags.changed(name))) return release;
  return { ...release, spec: { ...release.spec, values: mergeValues((release.spec.values ?? {}) as Values, given) } };
}

async function localChart(path: string): Promise<ReleasePreviewOptions['local']> {
  if (path === '') return undefined;
  const place = resolve(path);
  const info = await stat(place).catch(() => undefined);
  if (info === undefined) throw new Error(`invalid chart path ${JSON.stringify(path)}: there is no such file or directory`);
  if (info.isDirectory()) return { tree: directoryTree(place), path: '.' };
  return { tree: directoryTree(dirname(place)), path: basename(place) };
}

/** The directories that stand for sources. */
function sourcesOf(flags: FlagValues): (kind: string, namespace: string, name: string) => FileTree {
  const directories = flags.pairs('local-sources');
  return (kind, namespace, name) => {
    const key = `${kind}/${namespace}/${name}`;
    const directory = directories.get(key);
    if (directory !== undefined) return directoryTree(resolve(directory));
    throw new Error(
      `the chart is in ${key}: name a directory with what that has by --local-sources ${key}=path, or the chart by --chart path`,
    );
  };
}

function reportOf({ metadata, spec }: HelmRelease, { action, reason, from, to, objects, leftAlone, hooks }: ReleasePreview): string {
  const versions = from === undefined || from === to ? to : `${from} → ${to}`;
  const why = reason === '' ? '' : ` (${reason})`;
  const policy = action === 'upgrade' ? (spec.upgrade?.crds ?? 'Create') : (spec.install?.crds ?? 'Create');
  return [
    `► HelmRelease/${metadata.namespace ?? ''}/${metadata.name ?? ''} ${action}: ${versions}${why}\n`,
    ...objects.map((diff) => objectReport(diff)),
    ...leftAlone.map(({ reference }) => `► ${reference.kind}/${reference.name} left alone: it differs, and crds is ${policy}\n`),
    ...hooks.map(({ kind = '', name = '', events = [] }) => `► ${kind}/${name} runs: ${events.join(', ')}\n`),
  ].join('');
}
