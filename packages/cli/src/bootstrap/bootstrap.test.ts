import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gitSecret, secretText } from '../secrets/index.js';
import { relativePath } from './relative-path.js';
import { syncText } from './sync-manifests.js';

interface Recorded {
  readonly name: string;
  readonly kind: 'sync' | 'secret' | 'kustomization';
  readonly options: Record<string, unknown>;
  readonly content: string;
}

const recording = join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared/conformance/cli/bootstrap-sync.json');
const recorded = existsSync(recording) ? (JSON.parse(readFileSync(recording, 'utf8')) as Recorded[]) : [];

test('recorded manifests', { skip: recorded.length > 0 ? false : '../shared/conformance is not there' }, async (context) => {
  for (const { name, kind, options, content } of recorded) {
    await context.test(name, () => {
      assert.equal(kind === 'sync' ? syncText(syncOptions(options)) : secretText(secret(options)), content);
    });
  }
});

function syncOptions(options: Record<string, unknown>): Parameters<typeof syncText>[0] {
  const text = (key: string): string => options[key] as string;
  return {
    name: text('Name'),
    namespace: text('Namespace'),
    url: text('URL'),
    branch: text('Branch'),
    tag: text('Tag'),
    semver: text('SemVer'),
    commit: text('Commit'),
    secretName: text('Secret'),
    intervalMs: Number(options['Interval']) / 1e6,
    path: text('TargetPath'),
    recurseSubmodules: options['RecurseSubmodules'] === true,
    provider: text('Provider'),
    sparseCheckout: (options['SparseCheckout'] as string[] | null) ?? [],
  };
}

function secret({ name, namespace, username, password, caCrt = '' }: Record<string, unknown>): ReturnType<typeof gitSecret> {
  return gitSecret(
    { name: name as string, namespace: namespace as string },
    { username: username as string, password: password as string, ca: caCrt as string },
  );
}

test('paths, as people write them', () => {
  const table: readonly [typed: string, path: string][] = [
    ['', './'],
    ['.', './'],
    ['./', './'],
    ['/', './'],
    ['clusters/prod', './clusters/prod'],
    ['./clusters/prod/', './clusters/prod'],
    ['/clusters//prod', './clusters/prod'],
    [' clusters/x/flux-system ', './clusters/x/flux-system'],
    ['../../etc', './etc'],
    ['clusters/../../prod', './prod'],
    ['clusters\\prod', './clusters/prod'],
  ];
  for (const [typed, path] of table) assert.equal(relativePath(typed), path, typed);
});
