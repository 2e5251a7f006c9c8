// BENCHMARKS.md: what the benchmarks printed, as tables, with what a reader needs to judge it.
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { root } from './root.mjs';

/** How to ask each peer for its version. A benchmark compares with those that are on PATH. */
const PEERS = [
  ['kustomize', ['version']],
  ['helm', ['version', '--short']],
  ['flux', ['--version']],
  ['kube-apiserver', ['--version']],
  ['etcd', ['--version']],
  ['kubectl', ['version', '--client']],
  ['sops', ['--version', '--check-for-updates=false']],
  ['age', ['--version']],
  ['git', ['--version']],
];

const METHOD = `Each line was measured in this one run. What compares with a peer ran both on this machine, one after the other, in the same
run: read the **ratios**, not the absolute figures, which are those of this machine. CPU figures count all threads and the children of a
process; whole-process figures include its start. A figure in parentheses after *limit* or *goal* is what the figure has to stay under. What a
peer would have been compared with is missing where that peer is not installed.`;

/** The report of a run. */
export function report(outcomes, { quick, missing }) {
  const lines = ['# Benchmarks', '', 'Written by `npm run bench`; [how to read it](docs/performance.md).', ''];
  if (quick) {
    lines.push(
      '> A smoke run (`--quick`): a few rounds each, on a machine that did other things as well. The figures are rough. `npm run bench`',
      '> measures in earnest, and writes over this.',
      '',
    );
  }
  if (missing.length > 0) lines.push(`> Not run: ${missing.join(', ')}.`, '');
  lines.push('| | |', '|---|---|', ...machine().map(([what, value]) => `| ${what} | ${value} |`), '', METHOD, '');
  for (const { name, lines: printed, failure, seconds } of outcomes) {
    lines.push(`## ${name}`, '', `\`npm run bench -- ${name}\`: ${seconds.toFixed(0)} s.`, '');
    if (failure !== undefined) lines.push(`Failed: ${cell(failure.split('\n')[0])}`, '');
    if (printed.length > 0) lines.push('| what | figure | compared |', '|---|---|---|', ...printed.map(row), '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** `name  figure unit  (comparison)`: its parts stand two spaces apart. */
function row(line) {
  const comparison = /\s\((?!.*\s\()(.*)\)\s*$/.exec(line);
  const rest = comparison === null ? line : line.slice(0, comparison.index);
  const [, what = rest, figure = ''] = /^(.*?)\s{2,}(.*)$/.exec(rest.trim()) ?? [];
  return `| ${[what, figure.replaceAll(/\s+/g, ' '), comparison?.[1] ?? ''].map(cell).join(' | ')} |`;
}

function cell(text) {
  return text.trim().replaceAll('|', '\\|');
}

/** @returns {[string, string][]} What it was measured on. */
function machine() {
  const processors = cpus();
  const commit = output('git', ['rev-parse', '--short=12', 'HEAD']);
  const changed = output('git', ['status', '--porcelain', '--untracked-files=no']) !== '';
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    ['commit', `${commit}${changed ? ', with changes' : ''}`],
    ['machine', `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}, ${(totalmem() / 1024 ** 3).toFixed(0)} GiB`],
    ['system', `${type()} ${release()}`],
    [
      'load before the report',
      loadavg()
        .map((each) => each.toFixed(1))
        .join(', '),
    ],
    ['Node', `${process.versions.node} (V8 ${process.versions.v8})`],
    ...PEERS.map(([name, args]) => /** @type {[string, string]} */ ([name, version(name, args)])).filter(([, found]) => found !== ''),
  ];
}

/** The first thing that looks like a version in what a program says of itself. */
function version(program, args) {
  return /v?\d+\.\d+(\.\d+)?[\w.+-]*/.exec(output(program, args))?.[0] ?? '';
}

function output(program, args) {
  const { stdout, status } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}
