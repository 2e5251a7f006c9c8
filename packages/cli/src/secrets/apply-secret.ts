import type { Cluster } from '@sluice/kube';
import { FIELD_MANAGER } from '../install/index.js';
import type { PlainSecret } from './secret.js';

/** Puts a Secret into a cluster, or its values into the one that is there; other keys of that stay. */
export async function applySecret(cluster: Cluster, { stringData = {}, ...secret }: PlainSecret, signal: AbortSignal): Promise<void> {
  const entries = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  await cluster.apply(
    { ...secret, data: Object.fromEntries(entries) },
    {
      fieldManager: FIELD_MANAGER,
      force: true,
      signal,
    },
  );
}
