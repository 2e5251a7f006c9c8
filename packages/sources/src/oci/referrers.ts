import { readBody } from '../http/exchange.js';
import { acceptManifests, maxManifestBytes, mediaTypes, parseManifest, type OciDescriptor } from './manifest.js';
import { nextPage, repositoryName } from './reference.js';
import type { Registry } from './registry.js';

/** What a registry answers that has no list of referrers; go-containerregistry goes by the same. */
const unsupported = [400, 404, 405, 406];

const maxPages = 100;

/**
 * The manifests that refer to a manifest as their subject: signatures and attestations. Registries without that list have
 * an index of them under a tag that is made of the digest.
 */
export async function listReferrers(registry: Registry, digest: string, signal: AbortSignal | undefined): Promise<OciDescriptor[]> {
  const what = `the list of referrers of ${repositoryName(registry.repository)}@${digest}`;
  const found: OciDescriptor[] = [];
  const seen = new Set<string>();
  let to: string | URL | undefined = `referrers/${digest}`;
  while (to !== undefined && seen.size < maxPages) {
    seen.add(String(to));
    const answer = await registry.expect([200, ...unsupported], { to, action: 'pull', headers: { accept: mediaTypes.index }, signal });
    const isList = answer.status === 200 && (answer.headers['content-type'] ?? '').startsWith(mediaTypes.index);
    if (!isList) {
      answer.body.destroy();
      return await taggedReferrers(registry, digest, what, signal);
    }
    const page = await readBody(answer, maxManifestBytes, what);
    found.push(...parseManifest(page, mediaTypes.index, undefined, what).manifests);
    const next = nextPage(answer, (await registry.base(signal)).origin, what);
    to = next === undefined || seen.has(next.href) ? undefined : next;
  }
  return found;
}

async function taggedReferrers(
  registry: Registry,
  digest: string,
  what: string,
  signal: AbortSignal | undefined,
): Promise<OciDescriptor[]> {
  const to = `manifests/${digest.replace(':', '-')}`;
  const answer = await registry.expect([200, 404], { to, action: 'pull', headers: { accept: acceptManifests }, signal });
  if (answer.status === 404) {
    answer.body.destroy();
    return [];
  }
  const bytes = await readBody(answer, maxManifestBytes, what);
  return [...parseManifest(bytes, answer.headers['content-type'] ?? '', undefined, what).manifests];
}
