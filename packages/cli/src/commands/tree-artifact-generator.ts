import { groupOf } from '@sluice/core';
import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import { artifactGenerator, externalArtifact, field, notFound, textField } from '../kinds/index.js';
import { printedTree, type ObjectTree } from '../tree-print.js';

/** `tree artifact generator NAME`: the artifacts that it has made. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [name] = args;
  if (name === undefined || args.length > 1) throw new Error(`accepts 1 arg(s), received ${args.length}`);
  const { apiVersion, kind } = artifactGenerator;
  const namespace = selectedNamespace(flags);
  const { cluster, close } = await connect(invocation);
  try {
    const object = await cluster.get({ apiVersion, kind, namespace, name }, { signal: deadlineOf(invocation) });
    if (object === undefined) throw await notFound(cluster, artifactGenerator, name);
    const inventory = field(object, 'status', 'inventory');
    const children = (Array.isArray(inventory) ? inventory : []).map((entry): ObjectTree => ({
      group: groupOf(externalArtifact.apiVersion),
      kind: externalArtifact.kind,
      namespace: textField(entry, 'namespace'),
      name: textField(entry, 'name'),
      children: [],
    }));
    terminal.out(`${printedTree({ group: groupOf(apiVersion), kind, namespace, name, children }, flags.string('output'))}\n`);
  } finally {
    await close();
  }
}
