// `npm run bench`: every benchmark, a line each: name, figure, unit, and the ratio to a peer where one is on PATH. A whole run
// writes BENCHMARKS.md. `npm run bench -- kube yaml` runs some, `--quick` is a smoke run of a few seconds each; both write
// no report unless `--report FILE` names one.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { report } from './bench-report.mjs';
import { root } from './root.mjs';
import { setUp } from './setup.mjs';

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, report: { type: 'string' } },
});
setUp();
// With it every process of Node reads certificates as it starts, 70 ms on a small machine: that is the machine's set-up, not ours.
delete process.env.NODE_EXTRA_CA_CERTS;
// A module that exports `run` is a benchmark; others are parts of some.
const known = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.mjs') && /^export (async )?function run\b/m.test(readFileSync(join(root, 'bench', file), 'utf8')))
  .map((file) => file.slice(0, -'.mjs'.length))
  .sort();
const names = known.filter((name) => wanted.length === 0 || wanted.includes(name));

const outcomes = [];
for (const name of names) {
  console.log(`# ${name}`);
  const outcome = { name, lines: [], seconds: 0 };
  outcomes.push(outcome);
  const started = performance.now();
  try {
    const { run } = await import(pathToFileURL(join(root, 'bench', `${name}.mjs`)).href);
    await run({
      quick: options.quick,
      print: (line) => {
        outcome.lines.push(line);
        console.log(line);
      },
    });
  } catch (error) {
    outcome.failure = error instanceof Error ? error.message : String(error);
    console.log(`${name} failed: ${error?.stack ?? error}`);
  }
  outcome.seconds = (performance.now() - started) / 1000;
}

const isWhole = !options.quick && names.length === known.length;
const file = options.report ?? (isWhole ? join(root, 'BENCHMARKS.md') : undefined);
if (file !== undefined) {
  writeFileSync(file, report(outcomes, { quick: options.quick, missing: known.filter((name) => !names.includes(name)) }));
  console.log(`written: ${file}`);
}
process.exitCode = names.length === 0 || outcomes.some(({ failure }) => failure !== undefined) ? 1 : 0;
