// Rendering of charts, in this process and as a whole process beside the real helm.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const charts = join(root, '../shared/conformance/helm/charts');

export async function run({ quick = false, print = console.log } = {}) {
  if (!existsSync(charts)) return print('helm  skipped: ../shared/conformance is not there');
  const { collectValues, loadChartArchive, render } = await import(pathToFileURL(join(root, 'packages/helm/dist/index.js')).href);
  const release = { name: 'rel', namespace: 'ns' };
  for (const [name, limit] of [
    ['podinfo-6.14.1', 1],
    ['ingress-nginx-4.15.1', 3],
    ['prometheus-29.27.0', 40],
  ]) {
    const chart = loadChartArchive(readFileSync(join(charts, `${name}.tgz`)));
    const once = () => render(chart, collectValues({}), release);
    const warmUp = performance.now() + (quick ? 300 : 3_000);
    while (performance.now() < warmUp) once();
    const rounds = quick ? 30 : 300;
    // CPU time of the process: what else runs on the machine is not in it.
    const start = process.cpuUsage();
    for (let round = 0; round < rounds; round++) once();
    const { user, system } = process.cpuUsage(start);
    print(`helm ${name}, warm  ${((user + system) / 1_000 / rounds).toFixed(2)} CPU ms  (wanted: under ${limit} ms)`);
  }
  const big = join(charts, 'prometheus-29.27.0.tgz');
  const args = ['template', 'rel', big, '--kube-version', 'v1.33.1'];
  const ours = cpuSeconds(process.execPath, [join(root, 'packages/cli/bin/sluice.js'), 'helm', ...args], quick ? 1 : 5);
  const helm = which('helm');
  const theirs = helm === undefined ? undefined : cpuSeconds(helm, args, quick ? 1 : 5);
  print(
    `helm template prometheus, whole process  ${ours.toFixed(2)} CPU s  (helm: ${theirs === undefined ? 'not on PATH' : `${theirs.toFixed(2)} CPU s, ${(theirs / ours).toFixed(2)}x ours`})`,
  );
}

/** The least of some runs. */
function cpuSeconds(command, args, runs) {
  let least = Infinity;
  for (let index = 0; index < runs; index++) {
    const { stderr } = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$0" "$@" >/dev/null', command, ...args], { encoding: 'utf8' });
    const [user = 0, system = 0] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
    least = Math.min(least, user + system);
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
