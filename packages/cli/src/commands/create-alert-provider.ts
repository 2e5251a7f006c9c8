import type { Invocation } from '../command-line/index.js';
import { createdName, createObject, filled, nameRef } from '../create/index.js';
import { alertProvider } from '../kinds/index.js';

/** `create alert-provider NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  if (flags.string('type') === '') throw new Error('Provider type is required');
  await createObject(invocation, name, {
    kind: alertProvider,
    title: 'Provider',
    spec: filled({
      address: flags.string('address'),
      channel: flags.string('channel'),
      secretRef: nameRef(flags.string('secret-ref')),
      type: flags.string('type'),
      username: flags.string('username'),
    }),
    done: () => [`Provider ${name} is ready`],
  });
}
