import { errorMessage } from '@sluice/core';
import { wanted, withRegistry } from '../artifact/registry.js';
import type { Invocation } from '../command-line/index.js';
import { deadlineOf } from '../deadline.js';

/** `tag artifact oci://REGISTRY/REPOSITORY:TAG --tag TAG`. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [url] = args;
  if (url === undefined) throw new Error('artifact name is required');
  const tags = flags.list('tag');
  if (tags.length === 0) throw new Error('--tag is required');
  await withRegistry(invocation, url, async ({ client, reference }) => {
    terminal.action('tagging artifact');
    for (const tag of tags) {
      try {
        await client.tag(wanted(reference), tag, { signal: deadlineOf(invocation) });
      } catch (error) {
        throw new Error(`tagging artifact failed: ${errorMessage(error)}`, { cause: error });
      }
      terminal.success(`artifact tagged as ${client.name}:${tag}`);
    }
  });
}
