import { listArtifacts } from '@sluice/sources';
import { withRegistry } from '../artifact/registry.js';
import type { Invocation } from '../command-line/index.js';
import { deadlineOf } from '../deadline.js';
import { printTable } from '../table.js';

/** `list artifacts oci://REGISTRY/REPOSITORY`. */
export async function run(invocation: Invocation): Promise<void> {
  const { args, flags, terminal } = invocation;
  const [url] = args;
  if (url === undefined) throw new Error('artifact repository URL is required');
  await withRegistry(invocation, url, async ({ client }) => {
    const filter = { semver: flags.string('filter-semver'), regex: flags.string('filter-regex') };
    const artifacts = await listArtifacts(client, filter, { signal: deadlineOf(invocation) });
    const rows = artifacts.map(({ tag = '', digest, source, revision }) => [`${client.name}:${tag}`, digest, source, revision]);
    terminal.out(printTable(['artifact', 'digest', 'source', 'revision'], rows));
  });
}
