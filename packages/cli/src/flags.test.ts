import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const EXPECTATIONS = [
  ['short-run', 'expectShortRun'],
  ['long-run', 'expectLongRun'],
] as const;

for (const [module, expect] of EXPECTATIONS) {
  test(`V8 knows the flags of a ${module}: of others it complains on standard error`, () => {
    const url = new URL(`./${module}.js`, import.meta.url).href;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', `(await import('${url}')).${expect}()`]);
    assert.deepEqual([status, String(stderr)], [0, '']);
  });
}
