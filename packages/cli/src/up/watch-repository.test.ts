import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { refsDirectory } from './demo-repository.js';
import { watchRepository } from './watch-repository.js';

describe('watchRepository', () => {
  let directory: string;
  const git = (...args: string[]): void => {
    execFileSync('git', ['-C', directory, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { stdio: 'ignore' });
  };
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-watch-'));
    git('init', '--initial-branch=feature/x');
    git('commit', '--allow-empty', '--message=first');
  });
  after(() => rmSync(directory, { recursive: true }));

  test('sees every commit on the branch, also after the refs were packed, and none on another', async () => {
    let calls = 0;
    const unwatch = watchRepository(await refsDirectory(directory), 'feature/x', () => calls++);
    const settled = async (): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return calls;
    };
    try {
      for (let commit = 1; commit <= 3; commit++) {
        git('commit', '--allow-empty', `--message=${commit}`);
        assert.equal(await settled(), commit);
      }
      git('branch', 'other');
      assert.equal(await settled(), 3);
      git('pack-refs', '--all', '--no-prune');
      const packed = await settled();
      git('commit', '--allow-empty', '--message=last');
      assert.equal(await settled(), packed + 1);
    } finally {
      unwatch();
    }
  });
});
