import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { memoryTree, type FileTree } from '@sluice/core';
import { build, printBuild, type BuildOptions, type BuildResult } from './index.js';

const repoRoot = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const records = join(repoRoot, '../shared/conformance/kustomize');

interface Record_ {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly filesBase64?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly expected?: string;
  readonly error?: string;
}

interface BuildRecord extends Record_ {
  readonly options: {
    readonly loadRestrictions: 'rootOnly' | 'none';
    readonly reorder: 'none' | 'legacy' | 'unspecified';
    readonly addManagedbyLabel: boolean;
  };
}

interface PluginRecord extends Record_ {
  readonly kustomization: string;
  readonly input?: string;
  readonly transformerConfig?: string;
  readonly generatorConfig?: string;
}

function treeOf(files: Readonly<Record<string, string | Uint8Array>>): FileTree {
  return memoryTree(Object.fromEntries(Object.entries(files).map(([path, content]) => [path.replace(/^\//, ''), content])));
}

function check(record: Record_, run: () => BuildResult): void {
  if (record.error !== undefined) {
    assert.throws(run, `must fail: ${record.error}`);
    return;
  }
  assert.equal(printBuild(run()), record.expected);
}

function runBuild(record: BuildRecord): void {
  const binary = Object.entries(record.filesBase64 ?? {}).map(([path, content]) => [path, Buffer.from(content, 'base64')]);
  const tree = treeOf({ ...record.files, ...Object.fromEntries(binary) });
  const { loadRestrictions, reorder, addManagedbyLabel: addManagedByLabel } = record.options;
  check(record, () => build(tree, record.path ?? '/', { loadRestrictions, reorder, addManagedByLabel, rootName: '/' }));
}

function runPlugin(record: PluginRecord): void {
  const directory = (record.path ?? '/').replace(/\/$/, '');
  const files: Record<string, string> = { ...record.files };
  files[`${directory}/kustomization.yaml`] = record.kustomization;
  if (record.input !== undefined) files[`${directory}/__input.yaml`] = record.input;
  files[`${directory}/__config.yaml`] = record.transformerConfig ?? record.generatorConfig ?? '';
  const options: BuildOptions = {
    reorder: record.kustomization.includes('sortOptions') ? 'unspecified' : 'none',
    loadRestrictions: 'rootOnly',
    rootName: '/',
  };
  check(record, () => build(treeOf(files), directory === '' ? '/' : directory, options));
}

describe('recorded builds', { skip: existsSync(records) ? false : `no conformance data at ${records}` }, () => {
  if (!existsSync(records)) return;
  const suites = [
    ['krusty', (record: Record_) => runBuild(record as BuildRecord)],
    ['builtin', (record: Record_) => runPlugin(record as PluginRecord)],
    ['filters', (record: Record_) => runPlugin(record as PluginRecord)],
  ] as const;
  for (const [suite, run] of suites) {
    for (const file of readdirSync(join(records, suite)).sort()) {
      for (const record of JSON.parse(readFileSync(join(records, suite, file), 'utf8')) as Record_[]) {
        test(`${suite}/${file}: ${record.name}`, () => run(record));
      }
    }
  }
});
