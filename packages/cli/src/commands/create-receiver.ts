import type { Invocation } from '../command-line/index.js';
import { createdName, createObject, filled, kindAndName } from '../create/index.js';
import { receiver, textField } from '../kinds/index.js';

/** `create receiver NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  if (flags.string('type') === '') throw new Error('Receiver type is required');
  if (flags.string('secret-ref') === '') throw new Error('secret ref is required');
  const resources = flags.list('resource').map((resource) => {
    const reference = kindAndName(resource);
    if (reference.kind === '') throw new Error(`invalid event source '${resource}', must be in format <kind>/<name>`);
    return { ...reference };
  });
  if (resources.length === 0) throw new Error('atleast one resource is required');
  await createObject(invocation, name, {
    kind: receiver,
    title: 'Receiver',
    spec: filled({
      events: flags.list('event'),
      resources,
      secretRef: { name: flags.string('secret-ref') },
      type: flags.string('type'),
    }),
    done: (object) => [`Receiver ${name} is ready`, `generated webhook URL ${textField(object, 'status', 'webhookPath')}`],
  });
}
