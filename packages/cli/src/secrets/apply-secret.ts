import type { Cluster } from '@sluice/kube';
import { FIELD_MANAGER } from '../install/index.js';
import type { PlainSecret } from './secret.js';

/**
 * Puts a Secret into a cluster, or its values into the one that is there. Other keys of that stay, but for those of `before`: what a login was
 * made of must not mix with what it is made of now.
 */
export async function applySecret(
  cluster: Cluster,
  { stringData = {}, ...secret }: PlainSecret,
  signal: AbortSignal,
  before: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const entries = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')] as const);
  await cluster.apply({ ...secret, data: Object.fromEntries(entries) }, { fieldManager: FIELD_MANAGER, force: true, signal });
  const gone = [...before.keys()].filter((key) => !Object.hasOwn(stringData, key));
  if (gone.length === 0) return;
  const { name = '', namespace = '' } = secret.metadata;
  const data = Object.fromEntries(gone.map((key) => [key, null]));
  await cluster.patch({ apiVersion: 'v1', kind: 'Secret', name, namespace }, 'merge', { data }, { fieldManager: FIELD_MANAGER, signal });
}
