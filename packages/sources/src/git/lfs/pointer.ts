import { parsePattern, type IgnorePattern } from '../../ignore/pattern.js';

/** What stands in a repository for a large file that is kept elsewhere. */
export interface LfsPointer {
  /** sha256, in hexadecimal. */
  readonly oid: string;
  readonly size: number;
}

/** No pointer is larger. */
export const maxPointerBytes = 1024;

/** Reads a pointer; undefined for any other content. */
export function parsePointer(content: Buffer): LfsPointer | undefined {
  if (content.length > maxPointerBytes) return undefined;
  const text = content.toString('utf8');
  if (!/^version https?:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\/v1\n/.test(text)) return undefined;
  const oid = /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
  const size = Number(/^size (\d{1,15})$/m.exec(text)?.[1] ?? Number.NaN);
  return oid === undefined || !Number.isSafeInteger(size) ? undefined : { oid, size };
}

/** Which files a repository keeps by LFS, of its `.gitattributes` files: those of a directory come before those in it. */
export function lfsMatcher(
  attributes: readonly { readonly directory: readonly string[]; readonly text: string }[],
): ((path: string) => boolean) | undefined {
  const rules: { readonly pattern: IgnorePattern; readonly isLfs: boolean }[] = [];
  for (const { directory, text } of attributes) {
    for (const line of text.split(/\r?\n/)) {
      const [, quoted, plain, rest = ''] = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^\s#"!]\S*))\s+(.*)$/.exec(line) ?? [];
      const pattern = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain;
      const filter = rest.split(/\s+/).findLast((word) => /^[-!]?filter(?:=|$)/.test(word));
      if (pattern !== undefined && filter !== undefined)
        rules.push({ pattern: parsePattern(pattern, directory), isLfs: filter === 'filter=lfs' });
    }
  }
  if (!rules.some(({ isLfs }) => isLfs)) return undefined;
  return (path) => {
    const segments = path.split('/');
    return rules.findLast(({ pattern }) => pattern.match(segments, false) !== 'none')?.isLfs ?? false;
  };
}
