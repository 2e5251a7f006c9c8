import type { Invocation } from '../command-line/index.js';
import { createdName, createObject, filled, objectReference } from '../create/index.js';
import { alert } from '../kinds/index.js';

/** `create alert NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  if (flags.string('provider-ref') === '') throw new Error('provider ref is required');
  const eventSources = flags.list('event-source').map((source) => {
    const reference = objectReference(source);
    if (reference.kind === '') throw new Error(`invalid event source '${source}', must be in format <kind>/<name>`);
    return filled({ ...reference });
  });
  if (eventSources.length === 0) throw new Error('at least one event source is required');
  await createObject(invocation, name, {
    kind: alert,
    title: 'Alert',
    spec: filled({ eventSeverity: flags.string('event-severity'), eventSources, providerRef: { name: flags.string('provider-ref') } }),
    done: () => [`Alert ${name} is ready`],
  });
}
