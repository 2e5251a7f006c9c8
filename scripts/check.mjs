// `npm run check`: types, format, lint, layers, unused exports. All of them run, also when one fails.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = readdirSync(join(root, 'packages'))
  .map((name) => `packages/${name}/dist`)
  .filter((path) => existsSync(join(root, path)));
/** @type {[name: string, args: string[]][]} */
const checks = [
  ['types', ['node_modules/typescript/bin/tsc', '-b']],
  ['format', ['node_modules/oxfmt/bin/oxfmt', '--check', 'packages', 'scripts']],
  ['lint', ['node_modules/oxlint/bin/oxlint', '--type-aware', '--quiet']],
  ['layers', ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', ...built]],
  ['unused', ['node_modules/knip/bin/knip.js', '--no-config-hints']],
];

let failed = 0;
for (const [name, args] of checks) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  console.log(`${status === 0 ? '✔' : '✗'} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  if (status !== 0) {
    failed++;
    console.log(`${stdout}${stderr}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
