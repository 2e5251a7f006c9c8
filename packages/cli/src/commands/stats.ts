import type { Invocation } from '../command-line/index.js';
import { connect, selectedNamespace } from '../connection.js';
import { deadlineOf } from '../deadline.js';
import * as kinds from '../kinds/index.js';
import { noArguments } from '../no-arguments.js';
import { printTable } from '../table.js';

/** In the order of the report. */
const REPORTED: readonly kinds.FluxKind[] = [
  kinds.gitRepository,
  kinds.ociRepository,
  kinds.helmRepository,
  kinds.helmChart,
  kinds.bucket,
  kinds.kustomization,
  kinds.helmRelease,
  kinds.alert,
  kinds.alertProvider,
  kinds.receiver,
  kinds.imageUpdateAutomation,
  kinds.imagePolicy,
  kinds.imageRepository,
];

/** `stats`: how many objects of each kind there are, how they are doing, and how much the sources have stored. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  noArguments(invocation, 'stats');
  const scope = flags.bool('all-namespaces') ? {} : { namespace: selectedNamespace(flags) };
  const signal = deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  try {
    const rows = REPORTED.map(async ({ apiVersion, kind }) => {
      if ((await cluster.resourceOf({ apiVersion, kind })) === undefined) return [kind, '0', '0', '0', '-'];
      const { items } = await cluster.list({ apiVersion, kind, ...scope }, { signal });
      const suspended = items.filter((item) => kinds.field(item, 'spec', 'suspend') === true).length;
      const failing = items.filter((item) =>
        kinds.conditionsOf(item).some((condition) => condition.type === 'Ready' && condition.status === 'False'),
      ).length;
      const stored = items.reduce((sum, item) => sum + (Number(kinds.field(item, 'status', 'artifact', 'size')) || 0), 0);
      return [kind, String(items.length - suspended), String(failing), String(suspended), sizeText(stored)];
    });
    terminal.out(printTable(['Reconcilers', 'Running', 'Failing', 'Suspended', 'Storage'], await Promise.all(rows)));
  } finally {
    await close();
  }
}

function sizeText(bytes: number): string {
  if (bytes === 0) return '-';
  if (bytes < 1024) return `${bytes} B`;
  const exponent = Math.min(Math.floor(Math.log2(bytes) / 10), 6);
  return `${(bytes / 1024 ** exponent).toFixed(1)} ${'KMGTPE'[exponent - 1] ?? ''}iB`;
}
