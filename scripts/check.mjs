// `npm run check`: dependencies, types, format, lint, layers, unused exports, generated pages. All of them run, also when one fails.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { checkDependencies } from './dependencies.mjs';
import { root } from './root.mjs';

/** @type {[name: string, args: string[] | (() => string[])][]} In this order: what comes later reads what the first builds. */
const checks = [
  ['types', ['node_modules/typescript/bin/tsc', '-b']],
  ['format', ['node_modules/oxfmt/bin/oxfmt', '--check', 'packages', 'scripts', 'bench', 'test']],
  ['lint', ['node_modules/oxlint/bin/oxlint', '--type-aware', '--quiet']],
  ['layers', () => ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', ...builtPackages()]],
  ['unused', ['node_modules/knip/bin/knip.js', '--no-config-hints']],
  ['docs', ['scripts/docs.mjs', '--check']],
];

let failed = 0;
const { faults, summary } = checkDependencies();
const wrong = [...wrongLayers(), ...faults];
console.log(`${wrong.length === 0 ? '✔' : '✗'} dependencies (${summary})`);
for (const line of wrong) {
  failed++;
  console.log(`  ${line}`);
}
for (const [name, args] of checks) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, typeof args === 'function' ? args() : args, {
    cwd: root,
    encoding: 'utf8',
  });
  console.log(`${status === 0 ? '✔' : '✗'} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  if (status !== 0) {
    failed++;
    console.log(`${stdout}${stderr}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;

function builtPackages() {
  const folders = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/dist`);
  return folders.filter((path) => existsSync(join(root, path)));
}

/** Dependencies of a package on one of a lower layer. Type-only imports leave no trace in what dependency-cruiser reads. */
function wrongLayers() {
  const layers = createRequire(import.meta.url)('./layers.cjs');
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
    return Object.keys(dependencies)
      .filter((dependency) => dependency.startsWith('@sluice/'))
      .filter((dependency) => layers.indexOf(dependency.slice('@sluice/'.length)) >= layers.indexOf(name))
      .map((dependency) => `${name} may not depend on ${dependency}: it is not above it in the layers`);
  });
}
