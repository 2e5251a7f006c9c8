// Runs one of examples/ as its README says: its repositories in Git, the services that it expects (charts, a registry, Git
// over SSH, an inbox), and `sluice up` on them. What follows the name goes to `sluice up`.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../root.mjs';
import { makeRepository } from './repository.mjs';
import { startServices } from './services.mjs';
import { setups } from './setups.mjs';

const [name = '', ...given] = process.argv.slice(2);
const setup = Object.hasOwn(setups, name) ? setups[name] : undefined;
if (setup === undefined) {
  console.error(`✗ name one of the examples: ${Object.keys(setups).join(', ')}; for example npm run example -- edge`);
  process.exit(1);
}

const directory = resolve(directoryOf(given) ?? join('.sluice', name));
mkdirSync(directory, { recursive: true, mode: 0o700 });
const repositories = join(directory, 'repositories');
const repositoryUrl = (repository) => pathToFileURL(join(repositories, repository)).href;
const services = await startServices({ name, setup, directory, repositories, say: (line) => console.error(line) });
const context = { directory, services, repositoryUrl };
for (const repository of setup.repositories) {
  makeRepository({
    from: join(root, 'examples', name, repository.from ?? '.'),
    to: join(repositories, repository.name),
    replace: setup.replace(context),
    prepare: (draft) => setup.prepare?.(draft, context),
    branches: repository.branches ?? [],
  });
}
const local = join(directory, 'local.yaml');
writeFileSync(
  local,
  setup
    .manifests(context)
    .map((object) => `---\n${JSON.stringify(object, undefined, 2)}\n`)
    .join(''),
  { mode: 0o600 },
);

const followed = join(repositories, setup.repositories[0].name);
const up = ['--repository', followed, '--path', setup.path, '--apply', local, '--directory', directory, ...withoutDirectory(given)];
const child = spawn(process.execPath, [join(root, 'packages/cli/bin/sluice.js'), 'up', ...up], { stdio: 'inherit' });
// Ctrl-C reaches both: this process ends once the child has.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  void services.stop().then(() => process.exit(code ?? 1));
});
console.error(`► what to try: examples/${name}/README.md`);

function directoryOf(args) {
  const at = args.indexOf('--directory');
  return at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith('--directory='))?.slice('--directory='.length);
}

function withoutDirectory(args) {
  return args.filter((arg, index) => arg !== '--directory' && args[index - 1] !== '--directory' && !arg.startsWith('--directory='));
}
