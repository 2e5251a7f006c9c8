import { runGit } from './command.js';
import type { GitAccess } from './access.js';
import { gitFailure } from './failure.js';
import type { GitUrl } from './url.js';

/** What a repository has: every reference with the object it points to, and under `name^{}` what an annotated tag points to. */
export type RefListing = ReadonlyMap<string, string>;

/** How much of it: branches and tags, or also what only some servers have (pull requests), which can be very many. */
export type ListingScope = 'heads-and-tags' | 'all';

/** Asks a server for its references: one exchange, nothing is fetched. */
export async function listRefs(
  url: GitUrl,
  scope: ListingScope,
  access: GitAccess,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<RefListing> {
  const { code, stdout, stderr } = await runGit({
    args: ['ls-remote', '--quiet', ...(scope === 'all' ? [] : ['--heads', '--tags']), '--', url.address],
    ...access,
    ...limits,
  });
  // Flux lists and clones in one step when it has nothing yet: the text is that of the step.
  if (code !== 0) throw gitFailure('unable to clone', url.address, stderr);
  const refs = new Map<string, string>();
  for (const line of stdout.toString('utf8').split('\n')) {
    const tab = line.indexOf('\t');
    if (tab > 0) refs.set(line.slice(tab + 1), line.slice(0, tab));
  }
  return refs;
}

/** The commit of a reference; what an annotated tag points to, not the tag. */
export function commitOf(refs: RefListing, ref: string): string | undefined {
  return refs.get(`${ref}^{}`) ?? refs.get(ref);
}
