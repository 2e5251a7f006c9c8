// `npm run bench`: every benchmark, a line each: name, figure, unit, and the ratio to a peer where one is on PATH.
// `npm run bench -- kube yaml` runs some; `--quick` is a smoke run of a few seconds each.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './root.mjs';
import { setUp } from './setup.mjs';

setUp();
const args = process.argv.slice(2);
const quick = args.includes('--quick');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.slice(0, -'.mjs'.length))
  .filter((name) => wanted.length === 0 || wanted.includes(name))
  .sort();

let failed = 0;
for (const name of names) {
  console.log(`# ${name}`);
  try {
    const { run } = await import(pathToFileURL(join(root, 'bench', `${name}.mjs`)).href);
    await run({ quick, print: (line) => console.log(line) });
  } catch (error) {
    failed++;
    console.log(`${name} failed: ${error?.stack ?? error}`);
  }
}
process.exitCode = failed > 0 || names.length === 0 ? 1 : 0;
