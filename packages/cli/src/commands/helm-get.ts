import { computedValues, type Release } from '@sluice/helm';
import { printYaml } from '@sluice/yaml';
import type { RunCommand } from '../command-line/index.js';
import { readRelease } from '../helm/release.js';

/** What each command prints of a release. */
const PARTS = {
  all: allText,
  hooks: hooksText,
  manifest: ({ manifest }: Release) => `${manifest}\n`,
  notes: notesText,
} as const;

/** `helm get all|hooks|manifest|notes RELEASE`. */
export function get(part: keyof typeof PARTS): RunCommand {
  return async (invocation) => invocation.terminal.out(PARTS[part](await readRelease(invocation)));
}

/** `helm get values RELEASE`. */
export const getValues: RunCommand = async (invocation) => {
  const { flags, terminal } = invocation;
  const release = await readRelease(invocation);
  const values = flags.bool('all') ? computedValues(release) : (release.config ?? null);
  const output = flags.string('output');
  if (output === 'json') return terminal.out(`${JSON.stringify(values)}\n`);
  if (output === 'table') terminal.out(flags.bool('all') ? 'COMPUTED VALUES:\n' : 'USER-SUPPLIED VALUES:\n');
  return terminal.out(printYaml(values));
};

function hooksText({ hooks = [] }: Release): string {
  return hooks.map(({ path, manifest }) => `---\n# Source: ${path ?? ''}\n${manifest ?? ''}\n`).join('');
}

function notesText({ info }: Release): string {
  return info.notes === undefined || info.notes === '' ? '' : `NOTES:\n${info.notes}\n`;
}

function allText(release: Release): string {
  const { name, namespace, version, info, chart } = release;
  const field = (key: string): string => (typeof chart.metadata[key] === 'string' ? chart.metadata[key] : '');
  const head = [
    `NAME: ${name}`,
    ...(isMoment(info.last_deployed) ? [`LAST DEPLOYED: ${ansiTime(info.last_deployed)}`] : []),
    `NAMESPACE: ${namespace}`,
    `STATUS: ${info.status}`,
    `REVISION: ${version}`,
    `CHART: ${field('name')}`,
    `VERSION: ${field('version')}`,
    `APP_VERSION: ${field('appVersion')}`,
    `DESCRIPTION: ${info.description ?? ''}`,
    ...testsOf(release),
  ];
  const notes = notesText({ ...release, info: { ...info, notes: info.notes?.trim() ?? '' } });
  return [
    ...head.map((line) => `${line}\n`),
    `USER-SUPPLIED VALUES:\n${printYaml(release.config ?? null)}\n`,
    `COMPUTED VALUES:\n${printYaml(computedValues(release))}\n`,
    `HOOKS:\n${hooksText(release)}`,
    `MANIFEST:\n${release.manifest}\n`,
    notes,
  ].join('');
}

function testsOf({ hooks = [] }: Release): string[] {
  const tests = hooks.filter(({ events }) => events?.includes('test') === true);
  if (tests.length === 0) return ['TEST SUITE: None'];
  return tests.flatMap(({ name, last_run: run }) =>
    run !== undefined && isMoment(run.started_at)
      ? [
          `TEST SUITE:     ${name ?? ''}`,
          `Last Started:   ${ansiTime(run.started_at)}`,
          `Last Completed: ${isMoment(run.completed_at) ? ansiTime(run.completed_at) : 'Mon Jan  1 00:00:00 0001'}`,
          `Phase:          ${run.phase}`,
        ]
      : [],
  );
}

function isMoment(text: string | undefined): text is string {
  return text !== undefined && text !== '' && !text.startsWith('0001-');
}

/** `Mon Jan  2 15:04:05 2006`, with the clock of wherever it was written. */
function ansiTime(text: string): string {
  const [, year = '', month = '', day = '', time = ''] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(text) ?? [];
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  const name = (options: Intl.DateTimeFormatOptions): string => date.toLocaleString('en-US', { ...options, timeZone: 'UTC' });
  return `${name({ weekday: 'short' })} ${name({ month: 'short' })} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}
