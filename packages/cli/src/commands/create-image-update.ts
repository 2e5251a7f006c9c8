import type { Invocation } from '../command-line/index.js';
import { createdName, createObject, filled, intervalField } from '../create/index.js';
import { imageUpdateAutomation } from '../kinds/index.js';

const REQUIRED: readonly [flag: string, missing: string][] = [
  ['git-repo-ref', 'a reference to a GitRepository is required (--git-repo-ref)'],
  ['checkout-branch', 'the Git repository branch is required (--checkout-branch)'],
  ['author-name', 'the author name is required (--author-name)'],
  ['author-email', 'the author email is required (--author-email)'],
];

/** `create image update NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  for (const [flag, missing] of REQUIRED) if (flags.string(flag) === '') throw new Error(missing);
  const key = flags.string('signing-key-secret');
  const keyType = flags.string('signing-key-type');
  if (keyType !== '' && key === '') throw new Error('--signing-key-type requires --signing-key-secret');
  if (!['', 'gpg', 'ssh'].includes(keyType)) throw new Error('--signing-key-type must be one of: gpg, ssh');
  const push = flags.string('push-branch');
  const path = flags.string('git-repo-path');
  await createObject(invocation, name, {
    kind: imageUpdateAutomation,
    title: 'ImageUpdateAutomation',
    spec: filled({
      git: filled({
        checkout: { ref: { branch: flags.string('checkout-branch') } },
        commit: filled({
          author: { email: flags.string('author-email'), name: flags.string('author-name') },
          messageTemplate: flags.string('commit-template'),
          signingKey: key === '' ? undefined : filled({ secretRef: { name: key }, type: keyType }),
        }),
        push: push === '' ? undefined : { branch: push },
      }),
      interval: intervalField(flags),
      sourceRef: filled({ kind: 'GitRepository', name: flags.string('git-repo-ref'), namespace: flags.string('git-repo-namespace') }),
      update: path === '' ? undefined : { path, strategy: 'Setters' },
    }),
    done: () => ['ImageUpdateAutomation reconciliation completed'],
  });
}
