// What `npm start` and `npm test` do first: look whether this machine has what it takes, install, build.
// Plain syntax, so that an old Node gets as far as the message.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

/** Makes the checkout, or some projects of it, ready to run; ends the process with one clear line when it can't. */
export function setUp(projects = []) {
  requireNode();
  requireGit();
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
    run('Installing dependencies', process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  run('Building', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...projects]);
  // What starts the command line runs its bundle.
  if (projects.length === 0 || projects.some((project) => project === 'test' || project.endsWith('/cli'))) {
    run('Bundling', process.execPath, [join(root, 'scripts/bundle.mjs')]);
  }
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  end(`Node ${process.versions.node} is too old: Sluice needs Node 20.19 or newer (https://nodejs.org).`);
}

function requireGit() {
  const git = spawnSync('git', ['--version'], { encoding: 'utf8' });
  if (git.status !== 0) end('Git is missing: install it (for example `apt install git` or `brew install git`) and try again.');
}

function run(what, command, args) {
  const started = Date.now();
  const timer = process.stderr.isTTY ? process.stderr.write(`${what} …\r`) : undefined;
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) end(`${what} failed:\n${stdout || ''}${stderr || ''}`);
  const seconds = (Date.now() - started) / 1000;
  if (timer !== undefined || seconds > 1) process.stderr.write(`${what}: done in ${seconds.toFixed(1)} s\n`);
}

function end(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
