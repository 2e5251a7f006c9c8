import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory for one test, removed by {@link Workspace.remove}. */
export interface Workspace {
  readonly dir: string;
  remove(): void;
}

export function makeWorkspace(): Workspace {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-sources-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A repository with a work tree, as its author has it. */
export interface TestRepository {
  readonly dir: string;
  readonly url: string;
  git(...args: string[]): string;
  /** Writes files and commits them; returns the commit. */
  commit(message: string, files: Readonly<Record<string, string>>): string;
}

const env = {
  PATH: process.env.PATH ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

export function makeRepository(dir: string, branch = 'main', format = 'sha1'): TestRepository {
  mkdirSync(dir, { recursive: true });
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'protocol.file.allow=always', ...args], {
      cwd: dir,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  git('init', '--quiet', `--initial-branch=${branch}`, `--object-format=${format}`);
  // So that a server gives out commits by their hash, as the big hosts do.
  git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  return {
    dir,
    url: `file://${dir}`,
    git,
    commit(message, files) {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(dir, path)), { recursive: true });
        writeFileSync(join(dir, path), content);
      }
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '-m', message);
      return git('rev-parse', 'HEAD');
    },
  };
}
