import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Makes a Git repository of the quickstart in a directory, unless one is there. It appears whole or not at all. */
export async function ensureDemoRepository(directory: string): Promise<void> {
  if (existsSync(join(directory, '.git'))) return;
  if (existsSync(directory) && (await readdir(directory)).length > 0) {
    throw new Error(
      `${directory} is in the way: it is no Git repository and not empty. Move it away, or name a repository with --repository.`,
    );
  }
  const draft = `${directory}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  await cp(quickstartDirectory(), draft, { recursive: true });
  await git(draft, ['init', '--quiet', '--initial-branch=main']);
  // In the repository itself, so that the person's first commit works on a machine where Git was never set up.
  await git(draft, ['config', 'user.name', 'Sluice quickstart']);
  await git(draft, ['config', 'user.email', 'quickstart@localhost']);
  await git(draft, ['config', 'commit.gpgsign', 'false']);
  await git(draft, ['add', '--all']);
  await git(draft, ['commit', '--quiet', '--message', 'The quickstart']);
  await rm(directory, { recursive: true, force: true });
  await rename(draft, directory);
}

/** The example, above this file: how far depends on whether it runs from the bundle. */
function quickstartDirectory(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const example = join(directory, 'examples/quickstart');
    if (existsSync(example)) return example;
    if (directory === dirname(directory)) throw new Error('the quickstart example is missing from this installation');
  }
}

/** Throws one clear sentence when there is no usable Git. */
export async function requireGit(): Promise<void> {
  try {
    await run('git', ['--version']);
  } catch (error) {
    throw new Error('Git is missing: install it (for example `apt install git` or `brew install git`) and try again.', { cause: error });
  }
}

/** The directory in which a repository, bare or not, linked work trees included, keeps its refs. */
export async function refsDirectory(repository: string): Promise<string> {
  try {
    return (await git(repository, ['rev-parse', '--path-format=absolute', '--git-common-dir'])).trim();
  } catch (error) {
    throw new Error(`${repository} is no Git repository`, { cause: error });
  }
}

/** The directory at the top of a repository's work tree: what a file URL names. */
export async function repositoryRoot(repository: string): Promise<string> {
  const root = (await git(repository, ['rev-parse', '--path-format=absolute', '--show-toplevel']).catch(() => '')).trim();
  return root === '' ? refsDirectory(repository) : root;
}

async function git(directory: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', directory, ...args], {
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' },
  });
  return stdout;
}
