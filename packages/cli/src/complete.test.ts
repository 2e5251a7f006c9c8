import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { complete } from './complete.js';
import { runFlux } from './testing/replay.js';
import { terminalOver } from './terminal.js';
import { rootCommand } from './tree/root.js';

const nothing = () => undefined;
const terminal = terminalOver(nothing, nothing, { HOME: '/nowhere', KUBECONFIG: '/nowhere/kubeconfig' });
const root = rootCommand('flux', {});

const cases: readonly [words: readonly string[], candidates: readonly string[]][] = [
  [['rec'], ['reconcile']],
  [['get', 's'], ['sources']],
  [
    ['create', 'source', 'git', '--provider', 'g'],
    ['generic', 'github'],
  ],
  [
    ['create', 'source', 'git', '--provider=a'],
    ['--provider=aws', '--provider=azure'],
  ],
  [['get', '-A', '--status-s'], ['--status-selector']],
  [
    ['logs', '--level', ''],
    ['debug', 'info', 'error'],
  ],
  // Without a cluster there are no names.
  [['get', 'ks', ''], []],
  [['no', 'such', ''], []],
];
for (const [words, candidates] of cases) {
  test(`flux ${words.join(' ')}…`, async () => {
    const found = await complete(root, words, terminal);
    assert.deepEqual(
      found.map((line) => line.split('\t')[0]),
      candidates,
    );
  });
}

const bash = spawnSync('bash', ['--version']).status === 0;
test('the script for bash completes commands', { skip: bash ? false : 'bash is not there' }, async () => {
  const { stdout } = await runFlux('completion bash', {});
  const script = `${stdout}
flux() { [ "$1" = __complete ] && printf 'sources\\tGet\\nstats\\n'; }
COMP_LINE='flux get s' COMP_POINT=10 _flux_complete
printf '%s,' "\${COMPREPLY[@]}"`;
  const result = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  assert.equal(result.stdout, 'sources,stats,', result.stderr);
});
