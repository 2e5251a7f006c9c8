import { age, errorMessage, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { kindAndName } from '../create/references.js';
import { deadlineOf } from '../deadline.js';
import { allKinds, artifactGenerator, field, notFound, textField, type FluxKind } from '../kinds/index.js';
import { printTable } from '../table.js';

const KINDS: readonly FluxKind[] = [...allKinds, artifactGenerator];

/** What an object refers to, whose events are of interest, too: where, and of what kind when the reference does not say. */
const REFERENCES: Readonly<Record<string, { readonly path: readonly string[]; readonly kind?: string }>> = {
  Kustomization: { path: ['spec', 'sourceRef'] },
  HelmRelease: { path: ['spec', 'chart', 'spec', 'sourceRef'] },
  HelmChart: { path: ['spec', 'sourceRef'] },
  Alert: { path: ['spec', 'providerRef'], kind: 'Provider' },
  ImagePolicy: { path: ['spec', 'imageRepositoryRef'], kind: 'ImageRepository' },
};

/** Which events to show: those about some objects. */
interface Selection {
  readonly namespace?: string;
  readonly fieldSelector?: string;
}

/** `events [--for KIND[/NAME]] [--types …] [--watch]`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const types = flags.list('types').map((type) => type.toLowerCase());
  for (const type of flags.list('types')) {
    if (!['normal', 'warning'].includes(type.toLowerCase()))
      throw new Error(`type '${type}' not supported. Supported types are Normal, Warning`);
  }
  const signal = deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  try {
    const selections = await selectionsOf(invocation, cluster, signal);
    const everywhere = flags.bool('all-namespaces');
    const namespace = selectedNamespace(flags);
    const withNamespace = everywhere || selections.some((selection) => selection.namespace !== namespace);
    const isShown = (event: KubeObject): boolean =>
      KINDS.some(({ kind }) => kind === field(event, 'involvedObject', 'kind')) &&
      (types.length === 0 || types.includes(textField(event, 'type').toLowerCase()));
    const headers = [...(withNamespace ? ['Namespace'] : []), 'Last seen', 'Type', 'Reason', 'Object', 'Message'];
    if (flags.bool('watch')) {
      let header: readonly string[] = headers;
      await watchEvents(cluster, selections, signal, (event) => {
        if (!isShown(event)) return;
        terminal.out(printTable(header, [row(event, withNamespace)]));
        header = [];
      });
      return;
    }
    const lists = await Promise.all(
      selections.map((selection) =>
        cluster.list(scopeOf(selection), optionsOf(selection, signal)).catch((error: unknown) => {
          throw new Error(`error getting events: ${errorMessage(error)}`, { cause: error });
        }),
      ),
    );
    const events = lists.flatMap(({ items }) => items).filter(isShown);
    if (events.length === 0) {
      terminal.failure(everywhere ? 'No events found.' : `No events found in ${namespace} namespace.`);
      return;
    }
    const rows = events.toSorted((a, b) => timeOf(a) - timeOf(b)).map((event) => row(event, withNamespace));
    terminal.out(printTable(headers, rows));
  } finally {
    await close();
  }
}

/** Reads --for: the events of a kind or an object, and of what that object comes from. */
async function selectionsOf({ flags }: Invocation, cluster: Cluster, signal: AbortSignal): Promise<Selection[]> {
  const namespace = selectedNamespace(flags);
  const scope = flags.bool('all-namespaces') ? {} : { namespace };
  const wanted = flags.string('for');
  if (wanted === '') return [scope];
  const reference = kindAndName(wanted);
  const [word, name] = reference.kind === '' ? [reference.name, ''] : [reference.kind, reference.name];
  const kind = KINDS.find((candidate) => candidate.kind.toLowerCase() === word.toLowerCase());
  if (kind === undefined) throw new Error(`'${word}' is not a recognized Flux kind`);
  const own = { ...scope, fieldSelector: selectorOf(kind.kind, name) };
  if (name === '' || REFERENCES[kind.kind] === undefined) return [own];
  const object = await cluster.get({ apiVersion: kind.apiVersion, kind: kind.kind, namespace, name }, { signal });
  if (object === undefined) throw await notFound(cluster, kind, name);
  return [own, ...referencesOf(object, namespace)];
}

function referencesOf(object: KubeObject, namespace: string): Selection[] {
  const { path, kind } = REFERENCES[object.kind] ?? { path: [] };
  const reference = field(object, ...path);
  const referred = { kind: kind ?? field(reference, 'kind'), name: field(reference, 'name'), namespace: field(reference, 'namespace') };
  if (typeof referred.kind !== 'string' || typeof referred.name !== 'string') return [];
  const where = typeof referred.namespace === 'string' ? referred.namespace : namespace;
  const source = { namespace: where, fieldSelector: selectorOf(referred.kind, referred.name) };
  if (object.kind !== 'HelmRelease') return [source];
  return [source, { namespace: where, fieldSelector: selectorOf('HelmChart', `${namespace}-${object.metadata.name ?? ''}`) }];
}

function selectorOf(kind: string, name: string): string {
  return `involvedObject.kind=${kind}${name === '' ? '' : `,involvedObject.name=${name}`}`;
}

function scopeOf({ namespace }: Selection): { apiVersion: string; kind: string; namespace?: string } {
  return { apiVersion: 'v1', kind: 'Event', ...(namespace === undefined ? {} : { namespace }) };
}

function optionsOf({ fieldSelector }: Selection, signal: AbortSignal): { signal: AbortSignal; fieldSelector?: string } {
  return { signal, ...(fieldSelector === undefined ? {} : { fieldSelector }) };
}

/** Shows events as they come, until the time is over. */
async function watchEvents(
  cluster: Cluster,
  selections: readonly Selection[],
  signal: AbortSignal,
  show: (event: KubeObject) => void,
): Promise<void> {
  const watched = selections.map(async (selection) => {
    for await (const event of cluster.watch(scopeOf(selection), optionsOf(selection, signal))) {
      if (event.type !== 'BOOKMARK' && event.type !== 'DELETED') show(event.object);
    }
  });
  try {
    await Promise.all(watched);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function timeOf(event: KubeObject): number {
  const time = field(event, 'series', 'lastObservedTime') ?? field(event, 'lastTimestamp') ?? field(event, 'eventTime');
  return typeof time === 'string' ? Date.parse(time) : 0;
}

function row(event: KubeObject, withNamespace: boolean): string[] {
  const about = `${textField(event, 'involvedObject', 'kind')}/${textField(event, 'involvedObject', 'name')}`;
  const cells = [lastSeen(event), textField(event, 'type'), textField(event, 'reason'), about, textField(event, 'message')];
  return withNamespace ? [event.metadata.namespace ?? '', ...cells] : cells;
}

function lastSeen(event: KubeObject): string {
  const now = Date.now();
  const first = age(field(event, 'eventTime') ?? field(event, 'firstTimestamp'), now);
  const series = field(event, 'series');
  if (series !== undefined && series !== null)
    return `${age(field(series, 'lastObservedTime'), now)} (x${String(field(series, 'count'))} over ${first})`;
  const count = Number(field(event, 'count') ?? 0);
  return count > 1 ? `${age(field(event, 'lastTimestamp'), now)} (x${count} over ${first})` : first;
}
