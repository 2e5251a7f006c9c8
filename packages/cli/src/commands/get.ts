import { errorMessage, parseLabelSelector, type Json, type KubeObject } from '@sluice/core';
import { isKindUnknown, type Cluster, type ListOptions } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { conditionsOf, pluralOf, statusSelector, type FluxKind } from '../kinds/index.js';
import { printStructured } from '../output.js';
import { printTable } from '../table.js';

/** `get KIND`: the objects of one kind and their states. */
export async function getKind(kind: FluxKind, invocation: Invocation): Promise<void> {
  const { cluster, close } = await connect(invocation);
  try {
    if (invocation.flags.bool('watch')) await watchKind(cluster, kind, invocation);
    else {
      const objects = await listKind(cluster, kind, invocation, { withKind: false });
      if (invocation.flags.string('output') === '') printKind(kind, objects, invocation, { withKind: false });
      else printList(objects, invocation);
    }
  } finally {
    await close();
  }
}

/** For a dozen lists: to open a connection takes this process as long as to read a list of a hundred objects. */
const CONNECTIONS = 4;

/** `get all`, `get sources all`, `get images all`: one table a kind, of the kinds that have objects. */
export async function getKinds(kinds: readonly FluxKind[], invocation: Invocation): Promise<void> {
  if (invocation.flags.bool('watch')) throw new Error('expected a single resource type, but found all');
  const { cluster, close } = await connect(invocation, { connections: CONNECTIONS });
  try {
    // Asked for at once, printed in their order, each as soon as it is there.
    const lists = kinds.map((kind) => outcomeOf(listKind(cluster, kind, invocation, { withKind: true })));
    const isTable = invocation.flags.string('output') === '';
    const listed: KubeObject[] = [];
    for (const [index, list] of lists.entries()) {
      const { objects, fault } = await list;
      if (fault !== undefined) invocation.terminal.failure(fault);
      else if (isTable) printKind(kinds[index]!, objects, invocation, { withKind: true });
      else for (const object of objects) listed.push(object);
    }
    if (!isTable) printList(listed, invocation);
  } finally {
    await close();
  }
}

async function outcomeOf(list: Promise<readonly KubeObject[]>): Promise<{ objects: readonly KubeObject[]; fault?: string }> {
  try {
    return { objects: await list };
  } catch (error) {
    return { objects: [], fault: errorMessage(error) };
  }
}

/** The objects of a kind that the flags select. Of several kinds, those that the cluster does not know have none. */
async function listKind(
  cluster: Cluster,
  kind: FluxKind,
  invocation: Invocation,
  { withKind }: { withKind: boolean },
): Promise<readonly KubeObject[]> {
  const { args, flags } = invocation;
  const everywhere = flags.bool('all-namespaces');
  const namespace = selectedNamespace(flags);
  const matches = statusSelector(flags.string('status-selector'));
  const scope = { apiVersion: kind.apiVersion, kind: kind.kind, resource: pluralOf(kind), ...(everywhere ? {} : { namespace }) };
  const { items } = await cluster.list(scope, listOptions(invocation)).catch((error: unknown) => {
    if (withKind && isKindUnknown(error)) return { items: [] };
    throw error;
  });
  if (items.length === 0) {
    const place = everywhere ? 'any' : JSON.stringify(namespace);
    if (args[0] !== undefined) throw new Error(`${kind.kind} object '${args[0]}' not found in ${place} namespace`);
    if (!withKind) throw new Error(`no ${kind.kind} objects found in ${place} namespace`);
  }
  return items.filter((object) => matches(kind.conditions ?? conditionsOf(object)));
}

function printKind(kind: FluxKind, objects: readonly KubeObject[], invocation: Invocation, { withKind }: { withKind: boolean }): void {
  const { flags, terminal } = invocation;
  if (withKind && objects.length === 0) return;
  const columns = shownColumns(kind, invocation);
  const rows = objects.map((object) => row(object, kind, columns, invocation, withKind));
  terminal.out(printTable(flags.bool('no-header') ? [] : headers(kind, invocation), rows));
  if (withKind) terminal.out('\n');
}

/** `-o json|yaml`: one object when it was asked for by name, else a List, as kubectl has it. */
function printList(listed: readonly KubeObject[], { args, flags, terminal }: Invocation): void {
  const objects = listed.map(withoutManagers);
  const [only] = objects;
  const value =
    args[0] !== undefined && only !== undefined && objects.length === 1 ? only : { apiVersion: 'v1', kind: 'List', items: objects };
  printStructured(terminal, flags.string('output'), value as unknown as Json);
}

/** Who owns which field is of use to the API server alone. */
function withoutManagers(object: KubeObject): KubeObject {
  const metadata = { ...object.metadata };
  delete metadata.managedFields;
  return { ...object, metadata };
}

async function watchKind(cluster: Cluster, kind: FluxKind, invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const namespace = flags.bool('all-namespaces') ? {} : { namespace: selectedNamespace(flags) };
  const matches = statusSelector(flags.string('status-selector'));
  const deadline = deadlineOf(invocation);
  let header = flags.bool('no-header') ? [] : headers(kind, invocation);
  try {
    const events = cluster.watch(
      { apiVersion: kind.apiVersion, kind: kind.kind, ...namespace },
      { ...listOptions(invocation), signal: deadline },
    );
    for await (const event of events) {
      if (event.type === 'BOOKMARK' || !matches(kind.conditions ?? conditionsOf(event.object))) continue;
      terminal.out(printTable(header, [row(event.object, kind, shownColumns(kind, invocation), invocation, false)]));
      header = [];
    }
  } catch (error) {
    if (!deadline.aborted) throw error;
  }
}

function listOptions({ args, flags }: Invocation): ListOptions {
  const labelSelector = checkedSelector(flags.string('label-selector'));
  return {
    timeoutMs: flags.number('timeout'),
    ...(labelSelector === '' ? {} : { labelSelector }),
    ...(args[0] === undefined ? {} : { fieldSelector: `metadata.name=${args[0]}` }),
  };
}

function checkedSelector(selector: string): string {
  try {
    parseLabelSelector(selector);
    return selector;
  } catch (error) {
    const why = `couldn't parse the selector string ${JSON.stringify(selector)}: ${errorMessage(error)}`;
    throw new Error(`unable to parse label selector: ${why}`, { cause: error });
  }
}

function headers(kind: FluxKind, invocation: Invocation): string[] {
  const names = ['Name', ...shownColumns(kind, invocation).map((column) => column.header), 'Ready', 'Message'];
  return invocation.flags.bool('all-namespaces') ? ['Namespace', ...names] : names;
}

function row(object: KubeObject, kind: FluxKind, columns: FluxKind['columns'], invocation: Invocation, withKind: boolean): string[] {
  const name = object.metadata.name ?? '';
  const { status, message } = kind.summary(object);
  const cells = [withKind ? `${kind.kind.toLowerCase()}/${name}` : name, ...columns.map((column) => column.value(object)), status, message];
  return invocation.flags.bool('all-namespaces') ? [object.metadata.namespace ?? '', ...cells] : cells;
}

function shownColumns(kind: FluxKind, { flags }: Invocation): FluxKind['columns'] {
  return kind.columns.filter((column) => column.flag === undefined || (flags.has(column.flag) && flags.bool(column.flag)));
}
