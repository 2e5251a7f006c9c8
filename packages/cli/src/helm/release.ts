import type { KubeObject } from '@sluice/core';
import { decodeRelease, type Release } from '@sluice/helm';
import type { Invocation } from '../command-line/index.js';
import { connect } from '../connection.js';
import { deadlineOf } from '../deadline.js';

/** The release that a command names, of the revision that it wants: the last one by default. */
export async function readRelease(invocation: Invocation): Promise<Release> {
  const { args, flags } = invocation;
  const [name] = args;
  if (name === undefined || args.length > 1) throw new Error('specify one release');
  const namespace = flags.string('namespace');
  const revision = flags.number('revision');
  const { cluster, close } = await connect(invocation);
  try {
    const { items } = await cluster.list<KubeObject & { readonly data?: unknown }>(
      { apiVersion: 'v1', kind: 'Secret', namespace },
      {
        labelSelector: `owner=helm,name=${name}${revision > 0 ? `,version=${revision}` : ''}`,
        signal: deadlineOf(invocation),
      },
    );
    const [last] = items.toSorted((a, b) => versionOf(b) - versionOf(a));
    if (last === undefined)
      throw new Error(`release: not found: there is no ${name}${revision > 0 ? ` v${revision}` : ''} in namespace ${namespace}`);
    return decodeRelease(last).release;
  } finally {
    await close();
  }
}

function versionOf({ metadata }: KubeObject): number {
  return Number(metadata.labels?.['version'] ?? 0);
}
