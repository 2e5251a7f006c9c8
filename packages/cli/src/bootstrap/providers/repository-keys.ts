import type { Json } from '@sluice/core';
import { field } from '../../kinds/index.js';
import type { DeployKey } from './provider.js';
import { samePublicKey } from './public-key.js';
import type { Rest } from './rest.js';

/**
 * Makes a deploy key known at a server whose API is like GitHub's.
 *
 * @param path of the repository in the API
 * @param pageParameter how the API calls the length of a page
 */
export async function repositoryKey(
  rest: Rest,
  path: string,
  { title, publicKey, isReadOnly }: DeployKey,
  pageParameter: 'per_page' | 'limit',
): Promise<boolean> {
  const page = 50;
  const keys = await rest.list(
    `${path}/keys?${pageParameter}=${page}`,
    (body) => (Array.isArray(body) ? (body as readonly Json[]) : []),
    (number, body) =>
      Array.isArray(body) && body.length === page ? `${path}/keys?${pageParameter}=${page}&page=${number + 1}` : undefined,
  );
  for (const existing of keys) {
    if (field(existing, 'title') !== title) continue;
    if (samePublicKey(field(existing, 'key'), publicKey) && field(existing, 'read_only') === isReadOnly) return false;
    await rest.call('DELETE', `${path}/keys/${String(field(existing, 'id'))}`, undefined, [404]);
  }
  await rest.call('POST', `${path}/keys`, { title, key: publicKey.trim(), read_only: isReadOnly });
  return true;
}
