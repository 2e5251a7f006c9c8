import { age, isJsonObject, type KubeObject } from '@sluice/core';
import { podLogs, type Cluster } from '@sluice/kube';
import { field, textField } from '../kinds/index.js';

type Evidence = readonly (readonly [from: string, text: string])[];

/** How much of a controller's log is looked through. */
const LOG_LINES = 2000;

/** The last warning about each object, by `Kind/namespace/name`. */
export async function lastWarnings(
  cluster: Cluster,
  namespace: string | undefined,
  now: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const scope = { apiVersion: 'v1', kind: 'Event', ...(namespace === undefined ? {} : { namespace }) };
  const { items } = await cluster.list(scope, { fieldSelector: 'type=Warning', signal });
  const warnings = new Map<string, { time: number; text: string }>();
  for (const event of items) {
    const about = ['kind', 'namespace', 'name'].map((key) => textField(event, 'involvedObject', key)).join('/');
    const stamp = textField(event, 'lastTimestamp') || textField(event, 'eventTime');
    const time = Date.parse(stamp) || 0;
    if ((warnings.get(about)?.time ?? -1) > time) continue;
    const count = Number(field(event, 'count') ?? 1);
    const times = count > 1 ? `, ${count} times` : '';
    warnings.set(about, { time, text: `${textField(event, 'reason')} ${age(stamp, now)} ago${times}: ${textField(event, 'message')}` });
  }
  return new Map([...warnings].map(([about, { text }]) => [about, text]));
}

/** The last error that a controller has logged about each object, by `Kind/namespace/name`. */
export async function lastErrors(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const errors = new Map<string, string>();
  const { items } = await cluster.list(
    { apiVersion: 'v1', kind: 'Pod', namespace },
    { labelSelector: 'app.kubernetes.io/part-of=flux', signal },
  );
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

function note(errors: Map<string, string>, line: string): void {
  if (!line.startsWith('{') || !line.includes('"error"')) return;
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return;
  }
  if (!isJsonObject(entry) || entry['level'] !== 'error') return;
  const about = [textField(entry, 'controllerKind'), textField(entry, 'namespace'), textField(entry, 'name')].join('/');
  errors.set(about, `${textField(entry, 'ts')} ${textField(entry, 'msg')}: ${textField(entry, 'error')}`);
}

/** A file, perhaps with a line. */
const FILE = String.raw`((?:[\w.-]+\/)*[\w.-]+\.(?:ya?ml|json))(?::(\d+))?`;

/** Where in Git it is, when a message names a file: with the repository and the revision of the source. */
export function placeInGit(object: KubeObject, source: KubeObject | undefined, messages: readonly string[]): Evidence {
  for (const message of messages) {
    // The place that the engine puts at the end is the whole path; what an address ends with is a file of somebody else.
    const match =
      new RegExp(`\\[${FILE}\\]`).exec(message) ?? new RegExp(`(?<![\\w/])${FILE}`).exec(message.replaceAll(/\w+:\/\/\S+/g, ''));
    if (match === null) continue;
    const [, file = '', line] = match;
    const revision = textField(source, 'status', 'artifact', 'revision') || textField(object, 'status', 'lastAttemptedRevision');
    const url = textField(source, 'spec', 'url');
    const at = [revision === '' ? '' : ` at ${revision}`, url === '' ? '' : ` of ${url}`].join('');
    return [['in Git', `${file}${line === undefined ? '' : `:${line}`}${at}`]];
  }
  return [];
}
