import { age, isJsonObject, type KubeObject } from '@sluice/core';
import { podLogs, type Cluster } from '@sluice/kube';
import { PART_OF } from '../install/labels.js';
import { field, textField } from '../kinds/index.js';

/** What is said about a finding, and by whom. */
export type Evidence = readonly (readonly [from: string, text: string])[];

/** How much of a controller's log is looked through. */
const LOG_LINES = 2000;

/** What somebody has said about an object. */
export interface Saying {
  /** Who, when and how often. */
  readonly about: string;
  readonly message: string;
}

/** A saying as evidence: without what was quoted before. */
export function quoted({ about, message }: Saying, before: readonly string[]): string {
  const known = before.find((text) => text !== '' && message.startsWith(text)) ?? '';
  const rest = message.slice(known.length).trim();
  return known === '' ? `${about}: ${rest}` : rest === '' ? `${about}: the same` : `${about}: the same, and\n${rest}`;
}

/** The last warning about each object, by `Kind/namespace/name`. */
export async function lastWarnings(
  cluster: Cluster,
  namespace: string | undefined,
  now: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Saying>> {
  const scope = { apiVersion: 'v1', kind: 'Event', ...(namespace === undefined ? {} : { namespace }) };
  const { items } = await cluster.list(scope, { fieldSelector: 'type=Warning', signal });
  const warnings = new Map<string, Saying & { readonly time: number }>();
  for (const event of items) {
    const id = ['kind', 'namespace', 'name'].map((key) => textField(event, 'involvedObject', key)).join('/');
    const stamp = textField(event, 'lastTimestamp') || textField(event, 'eventTime');
    const time = Date.parse(stamp) || 0;
    if ((warnings.get(id)?.time ?? -1) > time) continue;
    const count = Number(field(event, 'count') ?? 1);
    const times = count > 1 ? `, ${count} times` : '';
    const about = `${textField(event, 'reason')} ${age(stamp, now)} ago${times}`;
    warnings.set(id, { time, about, message: textField(event, 'message') });
  }
  return warnings;
}

/** The last error that a controller has logged about each object, by `Kind/namespace/name`. */
export async function lastErrors(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<ReadonlyMap<string, Saying>> {
  const errors = new Map<string, Saying>();
  const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace }, { labelSelector: PART_OF, signal });
  await Promise.all(
    items.map(async ({ metadata }) => {
      try {
        const lines = podLogs(cluster, { namespace, name: metadata.name ?? '' }, { tailLines: LOG_LINES, signal });
        for await (const line of lines) note(errors, line);
      } catch {
        // A Pod without a log has nothing to say.
      }
    }),
  );
  return errors;
}

function note(errors: Map<string, Saying>, line: string): void {
  if (!line.startsWith('{') || !line.includes('"error"')) return;
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return;
  }
  if (!isJsonObject(entry) || entry['level'] !== 'error') return;
  const about = [textField(entry, 'controllerKind'), textField(entry, 'namespace'), textField(entry, 'name')].join('/');
  errors.set(about, { about: `${textField(entry, 'ts')} ${textField(entry, 'msg')}`, message: textField(entry, 'error') });
}

/** A file, perhaps with a line. */
const FILE = String.raw`((?:[\w.-]+\/)*[\w.-]+\.(?:ya?ml|json))(?::(\d+))?`;

/** What is no matter of the file that it names: whoever was asked did not get as far. */
const NOT_OF_THE_FILE = /Unauthorized|system:anonymous|failed calling webhook/;

/** Where it is written, when a message names a file: in Git, with the repository and the revision of the source, or in the chart. */
export function placeInSource(object: KubeObject, source: KubeObject | undefined, messages: readonly string[]): Evidence {
  for (const message of messages) {
    if (NOT_OF_THE_FILE.test(message)) continue;
    // The place that the engine puts at the end is the whole path; what an address ends with is a file of somebody else.
    const match =
      new RegExp(`\\[${FILE}\\]`).exec(message) ?? new RegExp(`(?<![\\w/])${FILE}`).exec(message.replaceAll(/\w+:\/\/\S+/g, ''));
    // What a release misses may be called like a file; files of charts are below the chart.
    if (match === null || (object.kind === 'HelmRelease' && match[1]?.includes('/') !== true)) continue;
    const [, file = '', line] = match;
    const revision = textField(source, 'status', 'artifact', 'revision') || textField(object, 'status', 'lastAttemptedRevision');
    const url = textField(source, 'spec', 'url');
    const at = [revision === '' ? '' : ` at ${revision}`, url === '' ? '' : ` of ${url}`].join('');
    return [[object.kind === 'HelmRelease' ? 'in chart' : 'in Git', `${file}${line === undefined ? '' : `:${line}`}${at}`]];
  }
  return [];
}
