// Rendering of charts, in this process and as a whole process beside the real helm.
//   node bench/helm.mjs [--quick]
//   SLUICE_BENCH_CHART=kube-prometheus-stack-88.5.3.tgz node bench/helm.mjs     (a chart of your own, packed, as well)
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectValues, createRenderer, loadChartArchive, loadChartFiles, render } from '../packages/helm/dist/index.js';
import { monitoringChart } from './chart.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const recorded = join(root, '../shared/conformance/helm/charts');
const own = process.env.SLUICE_BENCH_CHART;
const release = { name: 'rel', namespace: 'ns' };

export async function run({ quick = false, print = console.log } = {}) {
  const archives = [
    [join(recorded, 'podinfo-6.14.1.tgz'), 'podinfo', 1],
    [join(recorded, 'ingress-nginx-4.15.1.tgz'), 'ingress-nginx', 3],
    ...(own === undefined ? [] : [[own, own, 40]]),
  ];
  for (const [path, name, limit] of archives) {
    if (existsSync(path)) warm(loadChartArchive(readFileSync(path)), name, limit, quick, print);
    else print(`helm ${name}  skipped: ../shared/conformance is not there`);
  }
  warm(loadChartFiles(monitoringChart()), 'a monitoring stack', 40, quick, print);
  parsedOnce(quick ? 100 : 1_000, print);
  await inWorkers(quick ? 100 : 1_000, print);
  wholeProcesses(quick ? 1 : 15, print);
}

/** CPU time of a rendering once V8 has seen some: what else runs on the machine is not in it. */
function warm(chart, name, limit, quick, print) {
  const once = () => render(chart, collectValues({}), release);
  const output = once().manifests.reduce((length, { content }) => length + content.length, 0);
  const warmUp = performance.now() + (quick ? 250 : 3_000);
  while (performance.now() < warmUp) once();
  const end = performance.now() + (quick ? 150 : 2_000);
  const start = process.cpuUsage();
  let rounds = 0;
  for (; performance.now() < end; rounds++) once();
  const each = milliseconds(process.cpuUsage(start)) / rounds;
  print(`helm ${name} (${Math.round(output / 1_000)} kB), warm  ${each.toFixed(2)} CPU ms  (wanted: under ${limit} ms)`);
}

/** Releases of one chart, each with values of its own. The chart counts how often the text of a template of it is asked for. */
function parsedOnce(releases, print) {
  const chart = loadChartFiles(monitoringChart({ rules: 2, dashboards: 2, exporters: 0 }));
  let reads = 0;
  const templates = chart.templates.map(({ name, data }) => ({
    name,
    get data() {
      reads++;
      return data;
    },
  }));
  const counted = { ...chart, templates };
  const start = process.cpuUsage();
  for (let index = 0; index < releases; index++) {
    render(counted, collectValues({ set: [`commonLabels.release=r${index}`] }), { name: `r${index}`, namespace: 'ns' });
  }
  const each = milliseconds(process.cpuUsage(start)) / releases;
  print(
    `helm ${releases} releases of one chart of ${templates.length} templates  ${each.toFixed(2)} CPU ms each  (templates read and parsed: ${reads}, wanted: ${templates.length})`,
  );
}

/** The same where controllers render: in workers. The chart goes there once. */
async function inWorkers(releases, print) {
  const renderer = createRenderer({ workers: 1 });
  const chart = loadChartFiles(monitoringChart({ rules: 2, dashboards: 2, exporters: 0 }));
  const start = performance.now();
  let first = 0;
  for (let index = 0; index < releases; index++) {
    await renderer.render(chart, collectValues({ set: [`commonLabels.release=r${index}`] }), { name: `r${index}`, namespace: 'ns' });
    if (index === 0) first = performance.now() - start;
  }
  const each = (performance.now() - start - first) / (releases - 1);
  await renderer.close();
  print(
    `helm ${releases} releases in a worker  ${each.toFixed(2)} ms each  (the first, with the start of the worker: ${first.toFixed(0)} ms)`,
  );
}

function wholeProcesses(runs, print) {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    for (const { name, data } of monitoringChart()) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), data);
    }
    for (const [chart, name] of [[directory, 'a monitoring stack'], ...(own === undefined ? [] : [[own, own]])]) {
      const args = ['template', 'rel', chart, '--kube-version', 'v1.33.1'];
      const helm = which('helm');
      const commands = [[process.execPath, join(root, 'packages/cli/bin/sluice.js'), 'helm'], ...(helm === undefined ? [] : [[helm]])];
      const [ours, theirs] = cpuSeconds(
        commands.map((command) => [...command, ...args]),
        runs,
      );
      const beside = theirs === undefined ? 'not on PATH' : `${theirs.toFixed(2)} CPU s, ours is ${(ours / theirs).toFixed(2)}x of it`;
      print(`helm template ${name}, whole process  ${ours.toFixed(2)} CPU s  (helm: ${beside}, wanted: 1x)`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function milliseconds({ user, system }) {
  return (user + system) / 1_000;
}

/** The least of some runs, of processes that take turns. */
function cpuSeconds(commands, runs) {
  const least = commands.map(() => Infinity);
  for (let index = 0; index < runs; index++) {
    for (const [at, command] of commands.entries()) {
      const { stderr } = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$0" "$@" >/dev/null', ...command], { encoding: 'utf8' });
      const [user = 0, system = 0] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
      least[at] = Math.min(least[at], user + system);
    }
  }
  return least;
}

function which(name) {
  try {
    return execFileSync('which', [name], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run({ quick: process.argv.includes('--quick') });
