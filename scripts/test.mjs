// Runs the tests: `npm test`, or `npm test -- yaml kube` for some packages, `npm test -- --verbose` to see every test.
//
// The tests of a package run in one process over the built output (a process per file takes twenty times as long);
// packages run side by side. The last line is `N passed, N failed`, with `, N skipped` where something was.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { root } from './root.mjs';
import { setUp } from './setup.mjs';

const GROUP_TIMEOUT_MS = 20 * 60_000;

const args = process.argv.slice(2);
const verbose = args.includes('--verbose');
const wanted = args.filter((arg) => !arg.startsWith('--')).map((arg) => arg.replace(/^packages\//, '').replace(/\/$/, ''));

setUp(wanted.map((name) => (existsSync(join(root, 'packages', name)) ? `packages/${name}` : 'test')));

const groups = findGroups().filter((group) => wanted.length === 0 || wanted.includes(group.name));
if (groups.length === 0) {
  console.log(`No tests match ${wanted.join(', ')}.`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const total = { passed: 0, failed: 0, skipped: 0 };
const queue = [...groups];
await Promise.all(Array.from({ length: Math.min(availableParallelism(), queue.length) }, work));
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

async function work() {
  for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
    const result = await runGroup(group);
    total.passed += result.passed;
    total.failed += result.failed;
    total.skipped += result.skipped;
  }
}

/** One group a package, and one a file in test/: end-to-end tests start servers and want a process of their own. */
function findGroups() {
  const found = [];
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const files = builtTests(join(root, 'packages', name));
    if (files.length > 0) found.push({ name, files });
  }
  for (const file of builtTests(join(root, 'test'))) {
    found.push({ name: relative(join(root, 'test', 'dist'), file).replace(/\.test\.js$/, ''), files: [file] });
  }
  // The slow ones first, so that they overlap with the rest.
  return found.sort((a, b) => startOrder(a) - startOrder(b));
}

function startOrder({ name, files }) {
  const known = ['controllers', 'cli', 'apiserver', 'kustomize', 'helm', 'gotemplate'].indexOf(name);
  return known >= 0 ? known + 1 : files.length === 1 ? 0 : 9;
}

/** Tests by their source, so that the output of a deleted one does not run. */
function builtTests(folder) {
  const source = join(folder, 'src');
  if (!existsSync(source)) return [];
  return readdirSync(source, { recursive: true })
    .filter((file) => file.endsWith('.test.ts'))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((file) => join(folder, 'dist', file.replace(/\.ts$/, '.js')));
}

function runGroup({ name, files }) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(
      process.execPath,
      [
        '--enable-source-maps',
        `--test-reporter=${join(root, 'scripts/test-reporter.mjs')}`,
        join(root, 'scripts/test-files.mjs'),
        ...files,
      ],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SLUICE_TEST_VERBOSE: verbose ? '1' : '' } },
    );
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, GROUP_TIMEOUT_MS);
    child.on('close', (code) => {
      clearTimeout(timer);
      const summary = /^#summary (\d+) (\d+) (\d+)$/m.exec(output);
      const [passed, failed, skipped] = summary === null ? [0, 1, 0] : summary.slice(1).map(Number);
      const result = { passed, failed, skipped };
      if (code !== 0 && failed === 0) result.failed = 1;
      const text = output.replace(/^#summary .*\n/m, '').trimEnd();
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const mark = result.failed > 0 ? '✗' : '✔';
      console.log(`${mark} ${name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped (${seconds} s)`);
      if (late) console.log(`  ${name} did not end within ${GROUP_TIMEOUT_MS / 60_000} minutes and was stopped`);
      else if (summary === null) console.log(`  ${name} ended with code ${code} before its tests did`);
      if (text !== '') console.log(text.replace(/^/gm, '  '));
      resolve(result);
    });
  });
}
