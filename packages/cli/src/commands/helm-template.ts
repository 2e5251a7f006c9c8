import { statSync } from 'node:fs';
import { join } from 'node:path';
import { checkReleaseName, matchesFile, splitManifests, templateText, type TextOptions } from '@sluice/helm';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { findChart } from '../helm/chart-source.js';
import { postRendererOf } from '../helm/post-renderer.js';
import { readValues } from '../helm/values.js';
import { expectShortRun } from '../short-run.js';

/** `helm template [NAME] CHART`. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const { nameAndChart } = await import('../helm/release-name.js');
  const { name, chart: path } = nameAndChart(args, flags);
  const helm = flags.string('helm-version') === '3' ? 3 : 4;
  checkReleaseName(name, helm);
  const found = await findChart(path, invocation);
  if (flags.bool('debug')) terminal.action(`chart ${found.metadata.name} ${found.metadata.version} of ${path}`);
  const values = await readValues(invocation, helm);
  const chart = flags.bool('dependency-update') ? await complete(found, path, invocation) : found;
  if (chart.metadata.deprecated) terminal.warning('this chart is deprecated');
  const { renderChart } = await import('../helm/render-chart.js');
  expectShortRun();
  const rendering = await renderChart({ chart, values, name, helm, postRenderer: postRendererOf(flags) }, invocation);
  for (const warning of rendering.warnings) terminal.warning(warning.replace(/^warning: /i, ''));
  const options = textOptions(flags);
  const directory = flags.string('output-dir');
  if (directory === '') {
    const text = templateText(rendering, options);
    return terminal.out(flags.changed('show-only') ? only(text, flags.list('show-only'), helm) : text);
  }
  const { writeDocuments } = await import('../helm/output-directory.js');
  const target = flags.bool('release-name') ? join(directory, name) : directory;
  writeDocuments(target, rendering, options, (file) => terminal.out(`wrote ${file}\n`));
  return terminal.out('\n');
}

async function complete(chart: Awaited<ReturnType<typeof findChart>>, path: string, invocation: Invocation): Promise<typeof chart> {
  const { withDependencies } = await import('../helm/dependencies.js');
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return withDependencies(chart, isDirectory ? path : '.', invocation);
}

function textOptions(flags: FlagValues): TextOptions {
  return { includeCrds: flags.bool('include-crds'), noHooks: flags.bool('no-hooks'), skipTests: flags.bool('skip-tests') };
}

/** The documents of some templates, in the order in which these are named. */
function only(text: string, templates: readonly string[], helm: 3 | 4): string {
  const documents = splitManifests(text, helm);
  const shown: string[] = [];
  for (const template of templates) {
    const found = documents.filter((document) => {
      const path = /# Source: [^/]+\/(.+)/.exec(document)?.[1];
      return path !== undefined && matchesFile(template, path);
    });
    if (found.length === 0) throw new Error(`could not find template ${template} in chart`);
    shown.push(...found);
  }
  return shown.map((document) => `---\n${document}\n`).join('');
}
