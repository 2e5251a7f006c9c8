import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLine } from '../command-line/index.js';
import { rootCommand } from '../tree/root.js';
import { shownLine } from './logs.js';

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
