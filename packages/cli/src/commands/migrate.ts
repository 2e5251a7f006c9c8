import { lstat, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { errorMessage } from '@sluice/core';
import type { Invocation } from '../command-line/index.js';
import { connect } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { migrateCluster } from '../migrate/cluster.js';
import { latestVersions } from '../migrate/versions.js';
import { noArguments } from '../no-arguments.js';
import { confirmed } from '../prompt.js';

/** `migrate [-f PATH]`: objects of older API versions become those of the latest, in the cluster or in files. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  noArguments(invocation, 'migrate');
  if (flags.string('path') !== '') return migrateFiles(invocation);
  terminal.action('starting migration of custom resources');
  const { cluster, close } = await connect(invocation);
  try {
    await migrateCluster(cluster, (message) => terminal.success(message), deadlineOf(invocation));
  } finally {
    await close();
  }
  terminal.success('custom resources migrated successfully');
}

interface Upgrade {
  /** Counted from 0. */
  readonly line: number;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
}

async function migrateFiles({ flags, terminal, signal }: Invocation): Promise<void> {
  const versions = latestVersions(flags.string('version'));
  const root = normalize(flags.string('path')).replace(/(?!^)\/$/, '');
  terminal.action('starting migration of custom resources');
  const files = await listFiles(root, flags.list('extensions'), (path) => terminal.warning(`skipping irregular file ${path}`));
  const upgrades: { file: string; lines: string[]; upgrades: Upgrade[] }[] = [];
  for (const file of files) {
    const lines = (await readFile(file, 'utf8')).split('\n');
    const found = upgradesIn(lines, versions, (line, message) => terminal.warning(`${file}:${line + 1}: ${message}`));
    for (const { line, kind, from, to } of found) terminal.generate(`${file}:${line + 1}: ${kind} ${from} -> ${to}`);
    if (found.length > 0) upgrades.push({ file, lines, upgrades: found });
  }
  if (upgrades.length === 0) return terminal.success('no custom resources found that require migration');
  if (flags.bool('dry-run')) return terminal.success('dry-run mode enabled, no changes will be made');
  if (!flags.bool('yes') && !(await confirmed('Are you sure you want to proceed with the above upgrades', signal)))
    throw new Error('aborting: nothing was changed; --yes does not ask');
  for (const { file, lines, upgrades: found } of upgrades) {
    for (const { line, from, to } of found) lines[line] = (lines[line] ?? '').replace(from, () => to);
    await writeFile(file, lines.join('\n'));
    terminal.success(`file ${file} migrated successfully`);
  }
  terminal.success('custom resources migrated successfully');
}

/** The manifests at a path, in the order of their names. */
async function listFiles(root: string, extensions: readonly string[], skipped: (path: string) => void): Promise<string[]> {
  const info = await stat(root).catch((error: unknown) => {
    throw new Error(`failed to stat path ${root}: ${errorMessage(error)}`, { cause: error });
  });
  const isManifest = (path: string): boolean => extensions.some((extension) => path.endsWith(extension));
  if (!info.isDirectory()) {
    if (!isManifest(root)) throw new Error(`file ${root} does not match the specified extensions: ${extensions.join(', ')}`);
    if (!(await lstat(root)).isFile()) throw new Error(`file ${root} is irregular`);
    return [root];
  }
  const files: string[] = [];
  const walk = async (directory: string): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile() && isManifest(path)) files.push(path);
      else if (isManifest(path)) skipped(path);
    }
  };
  await walk(root);
  return files;
}

/** The lines `apiVersion:` that are followed by a `kind:` of which there is a newer version. Templates are no YAML: lines are read. */
function upgradesIn(
  lines: readonly string[],
  versions: ReadonlyMap<string, string>,
  warn: (line: number, message: string) => void,
): Upgrade[] {
  const upgrades: Upgrade[] = [];
  for (const [line, text] of lines.entries()) {
    const apiVersion = wordAfter(text, 'apiVersion: ');
    const kind = wordAfter(lines[line + 1] ?? '', 'kind: ');
    if (apiVersion === undefined) continue;
    const parts = apiVersion.split('/');
    if (parts.length > 2) {
      warn(line, `unexpected GroupVersion string: ${apiVersion}`);
      continue;
    }
    const [from = '', group = ''] = parts.toReversed();
    const to = kind === undefined ? undefined : versions.get(`${group}/${kind}`);
    if (kind !== undefined && to !== undefined && to !== from) upgrades.push({ line, kind, from, to });
  }
  return upgrades;
}

function wordAfter(line: string, prefix: string): string | undefined {
  const at = line.indexOf(prefix);
  return at < 0
    ? undefined
    : (line
        .slice(at + prefix.length)
        .trim()
        .split(' ')[0] ?? '');
}
