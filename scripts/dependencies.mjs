// What `npm run check` asks of the dependencies: each has a row with its reason in ARCHITECTURE.md, the lockfile names no
// addresses, nothing runs at installation, the licences may be used together.
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

/** Licences of what is installed with the product. Their texts ask for a notice at most. */
const LICENCES = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
  'Unlicense',
]);

/** Licences beyond those, by package, and why they are no trouble. */
const MORE_LICENCES = new Map([['openpgp', 'LGPL-3.0+: a library of its own that is loaded when it is needed, never part of the bundle']]);

/** Packages that bring an install script. .npmrc lets none run; these work without. */
const SCRIPTS_NOT_NEEDED = new Map([
  ['classic-level', 'its binaries for every platform are in the package; the script builds one where none fits'],
  ['esbuild', 'its binary is a package of its own; the script only checks it'],
]);

/** What is wrong, a line each, and what is installed, in a sentence. */
export function checkDependencies() {
  const lock = JSON.parse(read('package-lock.json')).packages;
  const projects = ['.', ...folders('packages').map((name) => `packages/${name}`), 'test'].map((path) => ({
    path,
    ...JSON.parse(read(join(path, 'package.json'))),
  }));
  const faults = [
    ...reasons(projects),
    ...Object.entries(lock).flatMap(([path, entry]) => lockFaults(path, entry)),
    ...(/^ignore-scripts=true$/m.test(read('.npmrc')) ? [] : ['.npmrc must say ignore-scripts=true']),
  ];
  return { faults, summary: summary(lock) };
}

/** The dependencies of the projects against the table of ARCHITECTURE.md, both ways. */
export function reasons(projects, text = read('ARCHITECTURE.md')) {
  const section = /^## Dependencies\n([^]*?)(?=^## |(?![^]))/m.exec(text)?.[1] ?? '';
  const rows = [...section.matchAll(/^\| (.+?) \| (.+?) \| (.+?) \|$/gm)].slice(1).map(([, names, users, why]) => ({ names, users, why }));
  const [, development = ''] = /For development only: ([^]*)/.exec(section) ?? [];
  const used = new Map();
  for (const { name, dependencies = {} } of projects) {
    for (const dependency of Object.keys(dependencies).filter(isForeign)) {
      used.set(dependency, [...(used.get(dependency) ?? []), name.replace('@sluice/', '')]);
    }
  }
  const faults = [];
  for (const [dependency, users] of used) {
    const row = rows.find(({ names }) => namesOf(names).includes(dependency));
    if (row === undefined || row.why.trim() === '')
      faults.push(`ARCHITECTURE.md does not say why ${users.join(', ')} depends on ${dependency}`);
    else {
      for (const user of users)
        if (!row.users.split(', ').includes(user)) faults.push(`ARCHITECTURE.md does not say that ${user} depends on ${dependency}`);
    }
  }
  for (const { names } of rows) {
    for (const name of namesOf(names))
      if (!used.has(name)) faults.push(`ARCHITECTURE.md gives a reason for ${name}, on which nothing depends`);
  }
  for (const { devDependencies = {} } of projects) {
    for (const name of Object.keys(devDependencies).filter(isForeign)) {
      if (!new RegExp(`(^|[^\\w-])${name}([^\\w-]|$)`).test(development))
        faults.push(`ARCHITECTURE.md does not say what ${name} is for in development`);
    }
  }
  return faults;
}

/** `@sigstore/verify, with bundle and protobuf-specs`: those after a first one with a scope are of the same scope. */
function namesOf(cell) {
  const [first, ...others] = cell.split(/, with | and |, /);
  const scope = first.startsWith('@') ? `${first.split('/')[0]}/` : '';
  return [first, ...others.map((name) => (name.startsWith('@') || scope === '' ? name : `${scope}${name}`))];
}

function isForeign(name) {
  return !name.startsWith('@sluice/') && !name.startsWith('@types/');
}

function lockFaults(path, { resolved, link, hasInstallScript, license, dev }) {
  const name = nameOf(path);
  return [
    ...(resolved !== undefined && link !== true
      ? [`package-lock.json names an address for ${name}: ${new URL(resolved, 'file:').host}`]
      : []),
    ...(hasInstallScript === true && !SCRIPTS_NOT_NEEDED.has(name) ? [`${name} has an install script`] : []),
    ...(isInstalled(path) && dev !== true && !LICENCES.has(license) && !MORE_LICENCES.has(name)
      ? [`${name} has the licence ${license}`]
      : []),
  ];
}

function summary(lock) {
  const paths = Object.keys(lock).filter((path) => isInstalled(path) && lock[path].dev !== true && existsSync(join(root, path)));
  const bytes = paths.reduce((sum, path) => sum + sizeOf(join(root, path)), 0);
  return `${paths.length} packages and ${(bytes / 1e6).toFixed(1)} MB are installed with the product`;
}

function isInstalled(path) {
  return path.startsWith('node_modules/') && !path.startsWith('node_modules/@sluice/');
}

function nameOf(path) {
  return path.replace(/^.*node_modules\//, '');
}

function sizeOf(path) {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return stats.size;
  // What lies in a package's own node_modules is counted there.
  return readdirSync(path).reduce((sum, name) => (name === 'node_modules' ? sum : sum + sizeOf(join(path, name))), 0);
}

function folders(path) {
  return readdirSync(join(root, path)).filter((name) => existsSync(join(root, path, name, 'package.json')));
}

function read(path) {
  return readFileSync(join(root, path), 'utf8');
}
