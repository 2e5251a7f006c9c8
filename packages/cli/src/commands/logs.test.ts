import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLine } from '../command-line/index.js';
import { rootCommand } from '../tree/root.js';
import { logOptions, shownLine } from './logs.js';

const root = rootCommand('flux', {});
const entry = {
  level: 'error',
  ts: '2022-08-02T12:56:34.961Z',
  msg: 'Reconciler error',
  error: 'it broke',
  controllerKind: 'Kustomization',
  name: 'podinfo',
  namespace: 'apps',
};

const cases: readonly [flags: string, line: object | string, shown: string | undefined][] = [
  ['-n apps', entry, '2022-08-02T12:56:34.961Z error Kustomization/podinfo.apps - Reconciler error it broke'],
  [
    '-A --kind kustomization --name PODINFO',
    entry,
    '2022-08-02T12:56:34.961Z error Kustomization/podinfo.apps - Reconciler error it broke',
  ],
  ['-n other', entry, undefined],
  ['-A --level info', entry, undefined],
  ['-A --kind GitRepository', entry, undefined],
  ['-A', { level: 'info', ts: 't', msg: 'starting' }, 't info  - starting '],
  ['-A', 'I0101 plain text', undefined],
  ['-A', '{broken', undefined],
];
for (const [flags, line, shown] of cases) {
  const text = typeof line === 'string' ? line : JSON.stringify(line);
  test(`logs ${flags}: ${text}`, () => {
    assert.equal(shownLine(text, parseLine(root, ['logs', ...flags.split(' ')]).flags), shown);
  });
}

const asked: readonly [flags: string, options: object | RegExp][] = [
  ['--tail=0', { tailLines: 0 }],
  ['--tail=-1', {}],
  ['--since=2m --follow', { sinceSeconds: 120, follow: true }],
  ['--since=100ms', { sinceSeconds: 1 }],
  ['--since=-5s', { sinceSeconds: -5 }],
  ['--since-time=2026-01-02T03:04:05.6+02:00', { sinceTime: '2026-01-02T01:04:05Z' }],
  ['--since-time=2099-01-01T00:00:00Z', { sinceTime: '2099-01-01T00:00:00Z' }],
  ['--since-time=2026-01-02T03:04:05', /is not a valid \(RFC3339\) time/],
  ['--since-time=2026-13-02T03:04:05Z', /is not a valid \(RFC3339\) time/],
  ['--since-time=2026-01-02T03:04:05Z --since=1m', /at most one of/],
];
for (const [flags, options] of asked) {
  test(`logs ${flags}`, () => {
    const given = parseLine(root, ['logs', ...flags.split(' ')]).flags;
    if (options instanceof RegExp) assert.throws(() => logOptions(given), options);
    else assert.deepEqual(logOptions(given), options);
  });
}
