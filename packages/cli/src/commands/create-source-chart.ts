import type { Invocation } from '../command-line/index.js';
import { createdName, createObject, fetchedRevision, filled, intervalField, kindAndName, verifyField } from '../create/index.js';
import { helmChart } from '../kinds/index.js';

/** `create source chart NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  if (flags.string('source') === '') throw new Error('chart source is required');
  if (flags.string('chart') === '') throw new Error('chart name or path is required');
  const { kind, name: source } = kindAndName(flags.string('source'));
  await createObject(invocation, name, {
    kind: helmChart,
    title: 'HelmChart source',
    written: 'source',
    announced: 'always',
    spec: filled({
      chart: flags.string('chart'),
      interval: intervalField(flags),
      reconcileStrategy: flags.string('reconcile-strategy'),
      sourceRef: { kind, name: source },
      verify: verifyField(flags),
      version: flags.string('chart-version'),
    }),
    done: fetchedRevision('HelmChart source'),
  });
}
