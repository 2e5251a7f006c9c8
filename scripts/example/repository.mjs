// A Git repository of an example's files, with the addresses of this machine in them.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Makes the repository unless it is there: first the example as it is, then a commit that puts addresses of this machine
 * in place of the public ones. It appears whole or not at all.
 */
export function makeRepository({ from, to, replace, prepare, branches }) {
  if (existsSync(to)) return;
  const draft = `${to}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, draft, { recursive: true });
  git(draft, 'init', '--quiet', '--initial-branch=main');
  git(draft, 'config', 'user.name', 'Sluice example');
  git(draft, 'config', 'user.email', 'example@localhost');
  git(draft, 'config', 'commit.gpgsign', 'false');
  // `flux bootstrap` and people push to it; its work tree follows.
  git(draft, 'config', 'receive.denyCurrentBranch', 'updateInstead');
  commit(draft, 'The example');
  replaceIn(draft, replace);
  prepare(draft);
  commit(draft, 'Addresses and keys of this machine');
  for (const branch of branches) git(draft, 'branch', branch);
  renameSync(draft, to);
}

function replaceIn(directory, replace) {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile() && /\.(ya?ml|md)$/.test(entry.name))) {
    const path = join(file.parentPath, file.name);
    const before = readFileSync(path, 'utf8');
    const after = replace.reduce((text, [what, by]) => text.replaceAll(what, by), before);
    if (after !== before) writeFileSync(path, after);
  }
}

function commit(directory, message) {
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--allow-empty', '--message', message);
}

function git(directory, ...args) {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8', env });
}
