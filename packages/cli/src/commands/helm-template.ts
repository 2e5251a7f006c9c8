import { readFileSync } from 'node:fs';
import { capabilities, checkReleaseName, collectValues, matchesFile, render, splitManifests, templateText } from '@sluice/helm';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { readChart } from '../helm-chart.js';

/** `helm template [NAME] CHART`. */
export async function run({ args, flags, terminal }: Invocation): Promise<void> {
  const [first, second] = args;
  if (first === undefined || args.length > 2) throw new Error('specify a chart, or the name of a release and a chart');
  const [name, path] = second === undefined ? ['release-name', first] : [first, second];
  const helm = flags.string('helm-version') === '3' ? 3 : 4;
  checkReleaseName(name, helm);
  const kube = capabilitiesOf(flags, helm);
  const values = valuesOf(flags, helm);
  const chart = readChart(path);
  if (chart.metadata.deprecated) terminal.warning('this chart is deprecated');
  const deadline = Date.now() + flags.number('timeout');
  const release = { name, namespace: flags.string('namespace'), isUpgrade: flags.bool('is-upgrade') };
  const rendering = render(chart, values, release, {
    helm,
    capabilities: kube,
    skipSchemaValidation: flags.bool('skip-schema-validation'),
    limits: { isOver: () => Date.now() > deadline },
  });
  for (const warning of rendering.warnings) terminal.warning(warning.replace(/^warning: /i, ''));
  const text = templateText(rendering, {
    includeCrds: flags.bool('include-crds'),
    noHooks: flags.bool('no-hooks'),
    skipTests: flags.bool('skip-tests'),
  });
  terminal.out(flags.changed('show-only') ? only(text, flags.list('show-only'), helm) : text);
  return Promise.resolve();
}

function capabilitiesOf(flags: FlagValues, helm: 3 | 4): ReturnType<typeof capabilities> {
  const version = flags.string('kube-version');
  try {
    return capabilities(helm, version === '' ? undefined : version, flags.list('api-versions'));
  } catch (error) {
    throw new Error(`invalid kube version '${version}': ${(error as Error).message}`, { cause: error });
  }
}

function valuesOf(flags: FlagValues, helm: 3 | 4): ReturnType<typeof collectValues> {
  return collectValues(
    {
      files: flags.list('values').map((name) => ({ name, content: readFileSync(name === '-' ? 0 : name) })),
      set: flags.list('set'),
      string: flags.list('set-string'),
      json: flags.list('set-json'),
      file: flags.list('set-file'),
      literal: flags.list('set-literal'),
      readFile: (name) => readFileSync(name, 'utf8'),
    },
    helm,
  );
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
