import { statSync } from 'node:fs';
import { describeArtifact, extractArtifact } from '@sluice/sources';
import { ARCHIVE_LIMITS, wanted, withRegistry } from '../artifact/registry.js';
import type { Invocation } from '../command-line/index.js';
import { deadlineOf } from '../deadline.js';

/** `pull artifact oci://REGISTRY/REPOSITORY:TAG --output DIR`. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [url] = args;
  if (url === undefined) throw new Error('artifact URL is required');
  const output = flags.string('output');
  if (output === '') throw new Error('output path cannot be empty');
  if (statSync(output, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Error(`invalid output path ${JSON.stringify(output)}: it is no directory that is there`);
  await withRegistry(invocation, url, async ({ client, url: name, reference }) => {
    const call = { signal: deadlineOf(invocation) };
    terminal.action(`pulling artifact from ${name}`);
    const { manifest, layer } = await client.pull((await client.manifest(wanted(reference), call)).digest, call);
    await extractArtifact(client.blob(layer, call), output, ARCHIVE_LIMITS);
    const { source, revision, digest } = describeArtifact(manifest);
    if (source !== '') terminal.success(`source ${source}`);
    if (revision !== '') terminal.success(`revision ${revision}`);
    terminal.success(`digest ${client.name}@${digest}`);
    terminal.success(`artifact content extracted to ${output}`);
  });
}
